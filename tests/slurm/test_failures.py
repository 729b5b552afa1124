"""What fails on a cluster is told with rule, wildcards, SLURM job and log; a rerun mends it."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.slurm.tree import Run, Tree

pytestmark = pytest.mark.slurm

TARGET = "calibration/wine/mlp/seed0"
MODEL = f"results/smoke/{TARGET}/model.safetensors"
TABLE = "results/smoke/data/wine/table.parquet"
LONGER = """
calibration:
  networks:
    tabular:
      mlp: {steps: 20000, checkpoint_every: 2000}
"""


def failed(run: Run) -> str:
    """The summary of a run that must fail, with what each of them holds."""
    run.process.wait(200)
    assert run.process.returncode == 1, run.text
    assert "train_network (dataset=wine, model=mlp, seed=0)" in run.summary, run.text
    assert f"log: logs/smoke/{TARGET}.log" in run.summary
    assert run.summary.endswith("The same command again runs only what is missing.")
    return run.summary


def continues(tree: Tree) -> None:
    """The same command ends well now, and runs the failed job alone."""
    again = tree.start(MODEL, log="again.log")
    assert again.succeeded()
    assert len(again.slurm_jobs()) == 1


def test_job_out_of_memory_is_tried_again_with_more(tree: Tree) -> None:
    tree.configure(LONGER)
    run = tree.run(MODEL, "--set-resources", "train_network:mem_mb=250 * attempt**3")
    assert run.succeeded()
    assert len(run.slurm_jobs()) == 3  # the data's, the one that was too small, the larger one
    record = tree.record(f"{TARGET}/train.prov.json")
    assert record["resources"]["mem_mb"] == record["place"]["slurm"]["mem_mb"] == 2000


def test_job_out_of_memory_for_good(tree: Tree) -> None:
    tree.configure(LONGER)
    arguments = ("--retries", "0", "--set-resources", "train_network:mem_mb=250")
    run = tree.start(MODEL, *arguments)
    summary = failed(run)
    assert "OUT_OF_MEMORY: ran out of memory; raise `mem_mb`" in summary
    assert f"SLURM job: {run.slurm_jobs()[-1]}" in summary
    assert f"{run.slurm_jobs()[-1]}.log" in summary
    continues(tree)


def test_request_that_no_node_can_meet_is_refused(tree: Tree) -> None:
    arguments = ("--retries", "0", "--set-resources", "train_network:mem_mb=99000000")
    summary = failed(tree.start(MODEL, *arguments))
    assert "was not accepted: sbatch: error: Memory specification can not be satisfied" in summary
    continues(tree)


def test_broken_input(tree: Tree) -> None:
    assert tree.run(TABLE).succeeded()
    table = tree.folder / TABLE
    good = table.read_bytes()
    table.write_bytes(good[: len(good) // 2])
    summary = failed(tree.start(MODEL, "--retries", "0", log="broken.log"))
    assert TABLE in summary
    table.write_bytes(good)
    continues(tree)


def test_full_disk(tree: Tree) -> None:
    assert tree.run(TABLE).succeeded()
    folder = (tree.folder / MODEL).parents[1]
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk to fill")
    try:
        summary = failed(tree.start(MODEL, "--retries", "0", log="full.log"))
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert "No space left on device" in summary
    assert not [path for path in folder.rglob("*") if path.is_file()]
    continues(tree)
