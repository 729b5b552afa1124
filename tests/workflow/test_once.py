"""At most once: an orphan of a killed controller and its successor never work on one thing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lemmata.provenance.record import read_record
from tests.workflow import dag

pytestmark = pytest.mark.dag
MODEL = "results/smoke/calibration/digits/mlp/seed0"
TARGET = f"{MODEL}/model.safetensors"
LOG = "logs/smoke/calibration/digits/mlp/seed0.log"
LONGER = """
calibration:
  networks:
    image:
      mlp: {steps: 40000, checkpoint_every: 200}
"""


def environment(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree / "src"), "XDG_CACHE_HOME": str(tree / ".cache")}


def start(tree: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "snakemake", TARGET, "--config", "scale=smoke"]
    with (tree / "controller.log").open("a") as log:
        return subprocess.Popen(
            [*command, *arguments],
            cwd=tree,
            env=environment(tree),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_for(tree: Path, pattern: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 180
    while not list(tree.glob(pattern)):
        assert process.poll() is None, (tree / "controller.log").read_text()
        assert time.monotonic() < deadline, f"{pattern} did not appear"
        time.sleep(0.02)


def test_orphan_and_successor_train_once(project: Path, tmp_path: Path) -> None:
    tree = dag.copy_project(project, tmp_path / "tree")
    with (tree / "config/config.yaml").open("a") as stream:
        stream.write(LONGER)
    first = start(tree)
    wait_for(tree, "results/.checkpoints/*/step-*.pt", first)
    children = psutil.Process(first.pid).children(recursive=True)
    os.kill(first.pid, signal.SIGKILL)  # the controller alone: its job runs on
    first.wait()
    orphans = [child for child in children if child.is_running()]
    assert orphans, "the job died with its controller: nothing is tested"

    assert dag.snakemake(tree, "--unlock").returncode == 0
    done = dag.snakemake(tree, TARGET)
    assert done.returncode == 0, done.stdout
    log = (tree / LOG).read_text()
    assert "waits for train_network" in log
    record = read_record(tree / MODEL / "train.prov.json")
    assert len(record["segments"]) == 1, "trained in one go, by one of the two"
    assert record["segments"][0]["first_step"] == 1
    assert record["place"]["pid"] in {orphan.pid for orphan in orphans}
    assert not list(tree.glob(".lemmata/leases/*.lease"))
    assert not dag.planned(tree, TARGET)


def test_lease_of_a_dead_job_is_taken_over_with_a_line(project: Path, tmp_path: Path) -> None:
    tree = dag.copy_project(project, tmp_path / "tree")
    with (tree / "config/config.yaml").open("a") as stream:
        stream.write(LONGER)
    first = start(tree)
    wait_for(tree, "results/.checkpoints/*/step-*.pt", first)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert list(tree.glob(".lemmata/leases/*.lease")), "the dead job left its lease"
    assert dag.snakemake(tree, "--unlock").returncode == 0
    done = dag.snakemake(tree, TARGET)
    assert done.returncode == 0, done.stdout
    log = (tree / LOG).read_text()
    assert "takes over train_network" in log
    assert "waits for" not in log
    assert len(read_record(tree / MODEL / "train.prov.json")["segments"]) == 2


def test_no_rule_file_overwrites_a_name_of_another(project: Path) -> None:
    """All rule files share one namespace: the later definition would win without a word."""
    names = [
        name
        for path in sorted(project.glob("workflow/rules/*.smk"))
        for name in re.findall(r"^def (\w+)|^([A-Z_]+) =", path.read_text(), re.MULTILINE)
    ]
    assert len(names) == len(set(names))
