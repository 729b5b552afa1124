"""Undo is free: going back to an old configuration gives the old bytes, and trains nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from lemmata.cli import main
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.record import SUFFIX, read_record
from tests.workflow import dag
from tests.workflow.dag import edit

pytestmark = pytest.mark.dag
RESULTS = "results/smoke"
SCALE = "config/scales/smoke.yaml"
# Few jobs in a row: one classical model on one data set, its measures, the diagrams beside it.
TARGET = f"{RESULTS}/calibration/wine/smooth_ece.parquet"
# And whole lineages of two families, trained networks among them, down to the raw data.
LINEAGES = (
    f"{RESULTS}/calibration/digits/figures/recalibration.png",
    f"{RESULTS}/length_generalization/answers_ape/figures/reliability.png",
)
OLD, NEW = "n_estimators: 10", "n_estimators: 11"


def digests(tree: Path, folder: str = "results") -> dict[str, str]:
    files = (p for p in (tree / folder).rglob("*") if p.is_file())
    named = {str(p.relative_to(tree)): p for p in files}
    return {n: sha256_file(p) for n, p in named.items() if "/." not in n and "/report" not in n}


def began(tree: Path) -> dict[str, str]:
    """When each job was computed, by its record: a job that is computed again has a new date."""
    return {str(p.relative_to(tree)): read_record(p)["started"] for p in tree.glob(f"**/*{SUFFIX}")}


@pytest.fixture
def tree(smoke_tree: Path, tmp_path: Path) -> Path:
    return dag.copy_tree(smoke_tree, tmp_path / "tree")


def run(tree: Path, *arguments: str) -> None:
    done = dag.snakemake(tree, *arguments)
    assert done.returncode == 0, done.stdout[-6000:]


def test_a_value_changed_and_changed_back(tree: Path) -> None:
    before, dates = digests(tree), began(tree)
    edit(tree, SCALE, OLD, NEW)
    run(tree, TARGET)
    assert digests(tree)[TARGET] != before[TARGET]
    edit(tree, SCALE, NEW, OLD)
    assert dag.planned(tree, TARGET) == {"fit_classical": 1, "smooth_ece": 1}
    run(tree, TARGET)
    assert digests(tree) == before
    assert began(tree) == dates
    log = (tree / "logs/smoke/calibration/wine/random_forest/fit.log").read_text()
    assert "restored from the store" in log
    assert not dag.planned(tree)


def test_lost_results_and_engine_notes_come_back(tree: Path) -> None:
    before, dates = digests(tree), began(tree)
    for name in (".snakemake", "results"):
        shutil.rmtree(tree / name)
    run(tree, *LINEAGES)
    found = digests(tree)
    assert len(found) > 50
    assert found.items() <= before.items()
    assert began(tree).items() <= dates.items()
    assert not dag.planned(tree, *LINEAGES)


def test_restore_leaves_the_engine_nothing_to_submit(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(tree)
    shutil.rmtree(tree / RESULTS / "calibration")
    assert sum(dag.planned(tree).values()) > 50
    monkeypatch.chdir(tree)
    done = CliRunner().invoke(main, ["restore", "--config", "scale=smoke"])
    assert done.exit_code == 0, done.output
    assert "; 0 left to run" in done.output
    assert not dag.planned(tree)
    assert digests(tree) == before


def test_restore_stops_where_something_must_be_computed(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(tree, SCALE, OLD, NEW)
    (tree / RESULTS / "calibration/wine/naive_bayes/predictions.parquet").unlink()
    monkeypatch.chdir(tree)
    done = CliRunner().invoke(main, ["restore", "--config", "scale=smoke"])
    assert done.exit_code == 0, done.output
    assert (tree / RESULTS / "calibration/wine/naive_bayes/predictions.parquet").exists()
    left = dag.planned(tree)
    assert left["fit_classical"] == 3  # the forest, on each data set
    assert f"; {sum(left.values())} left to run" in done.output


def test_a_damaged_store_is_not_believed(tree: Path) -> None:
    before = digests(tree)[TARGET]
    for blob in (tree / ".lemmata/store/objects").rglob("*"):
        if blob.is_file():
            blob.chmod(0o644)
            content = bytearray(blob.read_bytes())
            content[len(content) // 2] ^= 1
            blob.write_bytes(content)
    (tree / TARGET).unlink()
    run(tree, TARGET)
    assert digests(tree)[TARGET] == before
    log = (tree / "logs/smoke/calibration/wine/smooth_ece.log").read_text()
    assert "restored from the store" not in log


def test_a_store_that_is_switched_off_keeps_nothing(project: Path, tmp_path: Path) -> None:
    tree = dag.copy_project(project, tmp_path / "tree")
    edit(tree, "config/config.yaml", "max_gib: 20", "max_gib: 0")
    target = f"{RESULTS}/data/wine/table.parquet"
    for _ in range(2):
        run(tree, target)
        (tree / target).unlink()
    assert not (tree / ".lemmata/store").exists()
