"""`lemmata reproduce` makes a figure again from its records, whatever the tree looks like now."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from lemmata.cli import main
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.record import read_record, write_record
from lemmata.tables import read_table, write_table
from tests.workflow import dag
from tests.workflow.dag import edit

pytestmark = pytest.mark.dag
FOLDER = "results/smoke/calibration/oscillating"
FIGURE = f"{FOLDER}/published/figures/binned_and_smooth.png"
SCRIPT = "workflow/scripts/calibration/plot_pair.py"


def git(tree: Path, *arguments: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", "-C", str(tree), *name, *arguments], check=True, capture_output=True)


def run(tree: Path) -> None:
    done = dag.snakemake(tree, FIGURE)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def finished(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed tree with one figure, made by three jobs."""
    tree = dag.copy_project(project, tmp_path_factory.mktemp("again") / "tree")
    git(tree, "init", "-q")
    git(tree, "add", *dag.PARTS)
    git(tree, "commit", "-qm", "first")
    run(tree)
    return tree


@pytest.fixture
def tree(finished: Path, tmp_path: Path) -> Path:
    return dag.copy_tree(finished, tmp_path / "tree")


def reproduce(tree: Path, *arguments: str, status: int) -> dict[str, Any]:
    done = CliRunner().invoke(main, ["reproduce", "--json", *arguments, str(tree / FIGURE)])
    assert done.exit_code == status, done.output
    said: dict[str, Any] = json.loads(done.output)
    return said


def outcomes(said: dict[str, Any]) -> set[str]:
    return {file["outcome"] for job in said["jobs"] for file in job["files"]}


def test_every_file_comes_out_byte_for_byte(tree: Path, tmp_path: Path) -> None:
    edit(tree, SCRIPT, "pair_tables", "pair_table")  # broken now, and of no matter
    said = reproduce(tree, "--keep", str(tmp_path / "kept"), status=0)
    assert [len(job["files"]) for job in said["jobs"]] == [1, 2, 3]
    assert outcomes(said) == {"identical"}
    assert {job["code"][:6] for job in said["jobs"]} == {"commit"}
    assert sha256_file(tmp_path / "kept/tree" / FIGURE) == sha256_file(tree / FIGURE)
    text = CliRunner().invoke(main, ["reproduce", str(tree / FIGURE)]).output
    assert "software and hardware as recorded" in text
    assert "6 files of 3 jobs: 6 identical" in text


def test_a_figure_of_a_dirty_tree(tree: Path) -> None:
    edit(tree, SCRIPT, "bins, truth =", "number = 1\n    bins, truth =")
    run(tree)
    git(tree, "checkout", "-q", SCRIPT)
    said = reproduce(tree, status=0)
    assert outcomes(said) == {"identical"}
    assert said["jobs"][-1]["code"].endswith("1 files from the store")


def test_code_that_is_lost_is_named(tree: Path) -> None:
    edit(tree, SCRIPT, "bins, truth =", "number = 1\n    bins, truth =")
    run(tree)
    git(tree, "checkout", "-q", SCRIPT)
    for path in (tree / ".lemmata/store/sources").rglob("*.py"):
        path.unlink()
    said = reproduce(tree, status=2)
    assert f"{SCRIPT}: its code" in said["jobs"][-1]["failed"]


def test_numbers_that_the_recorded_job_does_not_give(tree: Path) -> None:
    """A table and its record that agree with each other, and with nothing that was computed."""
    path = tree / FOLDER / "smooth_ece.parquet"
    frame: pd.DataFrame = read_table(path)
    column = "smooth_ece"
    write_table(frame.assign(**{column: frame[column] + 0.01}), path, {"fingerprint": "0" * 64})
    record = read_record(tree / FOLDER / "smooth_ece.prov.json")
    for item in record["outputs"]:
        if item["path"].endswith(path.name):
            item["sha256"] = sha256_file(path)
    body = {k: v for k, v in record.items() if k not in ("schema", "digest")}
    write_record(tree / FOLDER / "smooth_ece.prov.json", body)
    said = reproduce(tree, status=1)
    (differing,) = [f for job in said["jobs"] for f in job["files"] if f["outcome"] == "differs"]
    assert differing["path"].endswith("smooth_ece.parquet")
    assert differing["detail"].startswith(column)


def test_a_file_without_a_record_is_one_line(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "lone.png"
    path.write_text("no picture")
    done = CliRunner().invoke(main, ["reproduce", str(path)])
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1
