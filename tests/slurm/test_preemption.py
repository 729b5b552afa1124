"""Training that is stopped half-way, in every way a cluster knows, ends with the same bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.slurm.cluster import Cluster
from tests.slurm.tree import Run, Tree

pytestmark = pytest.mark.slurm

TARGET = "calibration/digits/mlp/seed0"
MODEL = f"results/smoke/{TARGET}/model.safetensors"
LONGER = """
calibration:
  networks:
    image:
      mlp: {{steps: {steps}, checkpoint_every: 500}}
"""
# A quarter of a minute to half a minute of training, by the machine; longer where others use it.
STEPS = 20000
CALM_S = 18.0
HALF_WAY = 3000
FILES = ("model.safetensors", "history.parquet", "predictions.parquet")


def published(tree: Tree) -> dict[str, bytes]:
    folder = tree.folder / "results/smoke" / TARGET
    return {name: (folder / name).read_bytes() for name in FILES}


def segments(tree: Tree) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tree.record(f"{TARGET}/train.prov.json")["segments"]
    return found


@dataclass(frozen=True)
class Undisturbed:
    """A training to which nothing happened: its files, and how long it took (s)."""

    files: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What the training leaves when nothing happens to it."""
    tree = Tree.new(cluster, tmp_path_factory.mktemp("undisturbed") / "tree")
    tree.configure(LONGER.format(steps=STEPS))
    assert tree.run(MODEL).succeeded()
    (segment,) = segments(tree)
    assert segment["reason"] == "finished"
    begin, end = (datetime.fromisoformat(segment[name]) for name in ("start", "end"))
    return Undisturbed(published(tree), (end - begin).total_seconds())


@pytest.fixture(scope="module")
def seconds(undisturbed: Undisturbed) -> Callable[[float], int]:
    """Steps of training for at least so many seconds, also if the others on this machine stop."""
    whole = min(undisturbed.seconds, CALM_S)
    return lambda wanted: 500 * round(wanted / whole * STEPS / 500)


def started(tree: Tree, *arguments: str) -> tuple[Run, str]:
    """A run whose training job is half-way, and that job's number."""
    tree.configure(LONGER.format(steps=STEPS))
    run = tree.start(MODEL, *arguments)
    run.wait_until_saved(HALF_WAY)
    return run, run.slurm_jobs()[-1]


def test_cancelled_job_is_sent_again_and_goes_on(
    cluster: Cluster, tree: Tree, undisturbed: Undisturbed
) -> None:
    run, job = started(tree)
    cluster.command("scancel", job)
    assert run.succeeded()
    assert len(run.slurm_jobs()) == 3  # the data's, the cancelled one, the one that went on
    first, last = segments(tree)
    assert first["reason"] == "SIGTERM"
    assert first["last_step"] >= HALF_WAY
    assert last["first_step"] == first["last_step"] + 1
    assert published(tree) == undisturbed.files


def test_cancelled_without_retries_needs_the_same_command_again(
    cluster: Cluster, tree: Tree, undisturbed: Undisturbed
) -> None:
    run, job = started(tree, "--retries", "0")
    cluster.command("scancel", job)
    run.process.wait(400)
    assert run.process.returncode == 1
    for part in (
        "train_network (dataset=digits, model=mlp, seed=0): CANCELLED",
        f"SLURM job: {job}",
        f"log: logs/smoke/{TARGET}.log",
        f"{job}.log",
        "SIGTERM: saved at step",
    ):
        assert part in run.summary
    again = tree.start(MODEL, log="again.log")
    assert again.succeeded()
    assert "train_network        1" in again.text
    assert "prepare" not in again.text
    assert published(tree) == undisturbed.files


def test_preempted_job_is_put_back_into_the_queue_and_goes_on(
    cluster: Cluster, tree: Tree, undisturbed: Undisturbed
) -> None:
    run, job = started(tree, "--set-resources", "train_network:slurm_partition=spare")
    node = cluster.job(job)["NodeList"]
    partition = "gpu" if node.startswith("g") else "cpu"
    cluster.command(
        *("sbatch", "--partition", partition, "--nodelist", node, "--exclusive"),
        *("--account", "test", "--output", "/dev/null", "--wrap", "sleep 5"),
    )
    assert run.succeeded()
    assert run.slurm_jobs()[-1] == job  # the same job, started twice
    record = tree.record(f"{TARGET}/train.prov.json")
    assert record["place"]["slurm"]["job_id"] == job
    assert record["place"]["slurm"]["restart_count"] == 1
    assert [segment["reason"] for segment in record["segments"]] == ["SIGTERM", "finished"]
    assert published(tree) == undisturbed.files


def test_job_whose_node_is_lost_runs_on_another_one(
    cluster: Cluster, tree: Tree, undisturbed: Undisturbed
) -> None:
    run, job = started(tree)
    node = cluster.job(job)["NodeList"]
    cluster.crash_node(node)
    try:
        assert run.succeeded()
    finally:
        cluster.start_node(node)
        time.sleep(1)
    last = tree.record(f"{TARGET}/train.prov.json")["place"]["slurm"]
    assert last["node"] != node
    assert [segment["reason"] for segment in segments(tree)] == ["killed", "finished"]
    assert published(tree) == undisturbed.files


def test_time_limit_comes_with_a_warning_early_enough_to_save(
    cluster: Cluster, tree: Tree, tmp_path: Path, seconds: Callable[[float], int]
) -> None:
    # A minute is the least that SLURM knows, and it looks at the limits every half minute: the
    # signal comes after 10 to 40 s.
    calm = Tree.new(cluster, tmp_path / "calm")
    for one in (tree, calm):
        one.configure(LONGER.format(steps=seconds(90)))
    tree.profile("--signal=TERM@120", "--signal=TERM@50")
    undisturbed = calm.start(MODEL)
    run = tree.start(MODEL, "--set-resources", "train_network:runtime=attempt")
    assert run.succeeded()
    *early, last = (segment["reason"] for segment in segments(tree))
    # SLURM's warning, or ours where a busy controller sends its own too late: saved in either case.
    assert early
    assert all(reason == "SIGTERM" or reason.startswith("time limit of") for reason in early)
    assert last == "finished"
    assert undisturbed.succeeded()
    assert len(segments(calm)) == 1
    assert published(tree) == published(calm)


def test_killed_controller_leaves_no_second_trainer_behind(
    cluster: Cluster, tree: Tree, seconds: Callable[[float], int]
) -> None:
    tree.configure(LONGER.format(steps=seconds(90)))
    run = tree.start(MODEL)
    run.wait_until_saved(HALF_WAY)
    job = run.slurm_jobs()[-1]
    run.process.kill()
    run.process.wait()
    assert cluster.job(job)["JobState"] == "RUNNING"
    locked = tree.run(MODEL)
    assert locked.process.returncode == 1
    assert "--unlock" in locked.text
    tree.start("--unlock", log="unlock.log").process.wait(60)
    again = tree.start(MODEL, log="again.log")
    assert again.succeeded()
    log = (tree.folder / f"logs/smoke/{TARGET}.log").read_text()
    assert f"SLURM job {job}" in log  # whom the second instance waited for
    assert [segment["reason"] for segment in segments(tree)] == ["finished"]
