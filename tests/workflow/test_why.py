"""`lemmata why` and `lemmata explain` name the cause: key, function, file, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lemmata.cli import main
from tests.workflow import dag
from tests.workflow.dag import edit

pytestmark = pytest.mark.dag
RESULTS = "results/smoke"
SCALE = "config/scales/smoke.yaml"
FIGURE = f"{RESULTS}/calibration/wine/figures/reliability.png"
TABLE = f"{RESULTS}/report/claims.csv"


@pytest.fixture
def tree(smoke_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = dag.copy_tree(smoke_tree, tmp_path / "tree")
    monkeypatch.chdir(copied)
    return copied


def lemmata(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def why(*arguments: str) -> list[dict[str, Any]]:
    done = lemmata("why", "--json", "--config", "scale=smoke", *arguments)
    assert done.exit_code in (0, 1), done.output
    found: list[dict[str, Any]] = json.loads(done.output)
    assert done.exit_code == bool(found)
    return found


def causes(found: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The reasons of each rule's jobs that are stale by themselves."""
    by_rule: dict[str, set[str]] = {}
    for job in found:
        if job["reasons"]:
            by_rule.setdefault(job["job"].partition(" ")[0], set()).update(job["reasons"])
    return by_rule


def test_nothing_is_stale_in_a_finished_tree(tree: Path) -> None:
    assert why() == []
    assert "nothing is stale" in lemmata("why", "--config", "scale=smoke").output


def test_a_config_key_with_old_and_new_value(tree: Path) -> None:
    edit(tree, SCALE, "n_estimators: 10", "n_estimators: 11", 1)  # that of `calibration`
    found = why()
    assert causes(found) == {"fit_classical": {"config hyper_parameters.n_estimators: 10 -> 11"}}
    assert len(found) == sum(dag.planned(tree).values())
    text = lemmata("why", "--config", "scale=smoke").output
    assert "and what follows from these: " in text
    assert "smooth_ece 3" in text


def test_a_function_by_name(tree: Path) -> None:
    edit(tree, "src/lemmata/calibration/smooth_ece.py", "import numpy as np", "import numpy as np")
    edit(tree, "src/lemmata/training/networks.py", "self.", "self .", 1)
    assert why() == [], "a space is no change"
    path = tree / "src/lemmata/training/networks.py"
    path.write_text(path.read_text().replace("super().__init__()", "super().__init__(*())", 1))
    found = causes(why())
    diffusion = {"train_diffusion", "study_learned", "sample_images"}  # they build networks too
    policies = {"finetune_policies", "study_policies"}
    assert found.keys() == {"train_network", "train_base"} | diffusion | policies
    (reason,) = set().union(*found.values())
    assert reason.startswith("code lemmata.training.networks: ")
    assert reason.endswith(".__init__")


def test_an_input_by_its_content(tree: Path) -> None:
    path = tree / "resources/wine/wine_data.csv"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("14.23", "14.24", 1))
    found = causes(why())
    assert found.keys() == {"fetch"}
    (reason,) = found["fetch"]
    assert "resources/wine/wine_data.csv" in reason
    assert "content differs" in reason


@pytest.mark.parametrize("damage", ["edited", "truncated", "emptied"])
def test_a_hand_made_change_that_the_engine_does_not_see(tree: Path, damage: str) -> None:
    path = tree / TABLE
    whole = path.read_bytes()
    path.write_bytes({"edited": whole + b"x", "truncated": whole[:-9], "emptied": b""}[damage])
    assert not dag.planned(tree), "the engine sees nothing"
    (job,) = why()
    assert not job["engine"]
    assert TABLE in job["reasons"][0]
    assert "unseen by the engine" in lemmata("why", "--config", "scale=smoke").output
    forced = lemmata("why", "--forcerun", "--config", "scale=smoke").output.split()
    done = dag.snakemake(tree, "--forcerun", *forced)
    assert done.returncode == 0, done.stdout
    assert why() == []
    assert path.read_bytes() == whole


def test_lost_notes_of_the_engine(tree: Path) -> None:
    shutil.rmtree(tree / ".snakemake/metadata")
    edit(tree, SCALE, "dpi: 100", "dpi: 120")
    assert not dag.planned(tree), "the engine compares dates alone"
    found = why()
    drawn = [job for job in found if "config dpi: 100 -> 120" in job["reasons"]]
    assert drawn
    assert not any(job["engine"] for job in drawn)


def test_a_tree_that_cannot_be_planned_is_one_line(tree: Path) -> None:
    done = lemmata("why", "--config", "scale=huge")
    assert done.exit_code == 2
    assert "scale = 'huge': allowed: laptop, paper, smoke" in done.output
    assert len(done.output.strip().splitlines()) == 1


def explain(*arguments: str | Path) -> list[dict[str, Any]]:
    done = lemmata("explain", "--json", *map(str, arguments))
    assert done.exit_code in (0, 1), done.output
    found: list[dict[str, Any]] = json.loads(done.output)
    assert done.exit_code == bool(found)
    return found


def test_identical_figures_and_runs(tree: Path, smoke_tree: Path) -> None:
    assert lemmata("explain", FIGURE, str(smoke_tree / FIGURE)).output.strip() == "identical"
    assert explain(FIGURE) == []
    assert explain(tree / RESULTS, smoke_tree / RESULTS) == []


def test_each_cause_once_in_the_order_of_the_lineage(tree: Path, smoke_tree: Path) -> None:
    edit(tree, SCALE, "split: {seed: 0", "split: {seed: 1")
    edit(tree, SCALE, "n_estimators: 10", "n_estimators: 11")
    edit(tree, SCALE, "dpi: 100", "dpi: 120")
    name = "src/lemmata/calibration/binned_ece.py"
    edit(tree, name, "import numpy as np", "import numpy as np\nimport math", 1)
    expected = [
        ("seed", "split.seed", 0, 1),
        ("config", "hyper_parameters.n_estimators", 10, 11),
        ("code", "lemmata.calibration.binned_ece"),
        ("config", "dpi", 100, 120),
    ]
    with_present = explain(FIGURE)
    done = dag.snakemake(tree, FIGURE)
    assert done.returncode == 0, done.stdout
    with_figure = explain(smoke_tree / FIGURE, FIGURE)
    for found in (with_present, with_figure):
        told = [(d["kind"], d["name"], d["old"], d["new"]) for d in found]
        assert [t[: len(e)] for t, e in zip(told, expected, strict=True)] == expected
        assert found[0]["entered"].startswith("prepare")
        assert found[-1]["entered"].startswith("plot_reliability")
    text = lemmata("explain", str(smoke_tree / FIGURE), FIGURE).output
    assert "+import math" in text
    in_runs = explain(smoke_tree / RESULTS, tree / RESULTS)
    assert {d["name"] for d in in_runs} >= {e[1] for e in expected}


def test_stale_figures_are_told_by_the_audit(tree: Path) -> None:
    edit(tree, SCALE, "dpi: 100", "dpi: 120")
    done = lemmata("audit", FIGURE)
    assert done.exit_code == 3, done.output
    assert "has moved on since: config dpi: 100 -> 120" in done.output
    assert lemmata("audit", "--no-stale", FIGURE).exit_code == 0
