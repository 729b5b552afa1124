"""What the commands print, and their exit status, on a small tree of three jobs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lemmata.cli import main

FIGURE = "results/figures/f.png"


@pytest.fixture(autouse=True)
def here(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)


def lemmata(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_audit_as_json() -> None:
    done = lemmata("audit", "--json", FIGURE)
    said = json.loads(done.output)
    assert (done.exit_code, said["problems"], said["files"]) == (0, [], 3)
    (node,) = said["lineages"]
    assert node["record"]["rule"] == "figure"
    assert node["inputs"][0]["inputs"][0]["path"] == "resources/raw.csv"
    Path("resources/raw.csv").write_text("other")
    done = lemmata("audit", "--json", FIGURE)
    (problem,) = json.loads(done.stdout)["problems"]
    assert (done.exit_code, problem["status"]) == (1, "changed")
    assert problem["path"] == "resources/raw.csv"


def test_audit_of_everything() -> None:
    done = lemmata("audit", "--all")
    assert done.exit_code == 0
    assert "intact: 5 files verified" in done.output
    Path("results/figures/f.svg").unlink()
    done = lemmata("audit", "--all")
    assert done.exit_code == 1
    assert "results/figures/f.svg: missing" in done.output


@pytest.mark.parametrize("arguments", [[], ["--all", FIGURE], ["nowhere.png"]])
def test_audit_of_nothing_or_too_much(arguments: list[str]) -> None:
    done = lemmata("audit", *arguments)
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1


def test_store_lists_verifies_and_prunes() -> None:
    done = lemmata("store", "list")
    assert done.exit_code == 0
    for rule in ("raw", "table", "figure"):
        assert f"  {rule}  " in done.output
    assert "3 entries" in done.output
    assert lemmata("store", "verify").output == "sound\n"
    would = lemmata("store", "prune", "--max-gib", "0", "--dry-run")
    assert "would remove 3 entries" in would.output
    assert "3 entries" in lemmata("store", "list").output
    assert "removed 3 entries" in lemmata("store", "prune", "--max-gib", "0").output
    assert "0 entries" in lemmata("store", "list").output


def test_a_damaged_store_is_told() -> None:
    blob = next(path for path in Path(".lemmata/store/objects").rglob("*") if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b"other")
    done = lemmata("store", "verify")
    assert done.exit_code == 1
    assert blob.name in done.output


@pytest.mark.parametrize("command", [["why"], ["restore"], ["explain", FIGURE]])
def test_without_a_workflow_there_is_no_present_to_compare_with(command: list[str]) -> None:
    done = lemmata(*command)
    assert done.exit_code == 2
    assert "Snakefile" in done.output or "no workflow" in done.output
