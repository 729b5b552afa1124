"""What `lemmata cost` says of the real tree, against the engine's own count and the files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lemmata.cli import main
from lemmata.lineage.ledger import Ledger
from tests.workflow import dag

pytestmark = pytest.mark.dag


def cost(tree: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tree)
    done = CliRunner().invoke(main, ["cost", "--json", "--config", "scale=smoke"])
    assert done.exit_code == 0, done.output
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_jobs_are_those_of_a_dry_run(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = dag.copy_project(project, tmp_path / "tree")
    said = cost(tree, monkeypatch)
    engine = dag.planned(tree)
    by_name: Counter[str] = Counter()
    for rule in said["rules"]:  # one entry for each family that a rule serves
        by_name[rule["name"]] += rule["jobs"]
    assert by_name == engine
    assert sum(family["jobs"] for family in said["families"]) == engine.total()
    # Nothing has run here, so nothing is expected.
    assert {rule["cpu_h"] for rule in said["rules"]} == {None}
    assert all(rule["unknown"] == rule["jobs"] for rule in said["rules"])


def test_what_has_run_is_expected_to_cost_what_it_did(
    smoke_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = cost(smoke_tree, monkeypatch)
    assert all(rule["unknown"] == rule["unknown_storage"] == 0 for rule in said["rules"])
    # A rule's jobs may differ in what their cost grows with, but all have run here.
    for rule in said["rules"]:  # downloads belong to no scale
        assert {basis["scale"] for basis in rule["basis"]} in ({"smoke"}, {""}), rule["name"]
    ledger = Ledger()
    records = [e for name in ("results", "resources") for e in ledger.all(smoke_tree / name)]
    spent = sum(entry.record["cpu_s"] for entry in records) / 3600
    assert sum(rule["cpu_h"] for rule in said["rules"]) == pytest.approx(spent)
    written = sum(item["bytes"] for entry in records for item in entry.record["outputs"])
    kept = sum(entry.path.stat().st_size for entry in records)
    stored = sum(family["bytes"] for family in said["families"])
    assert stored == pytest.approx(written + kept)
