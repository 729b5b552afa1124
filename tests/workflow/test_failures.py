"""Bad configuration, data that cannot be had or trusted, and a training job that is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow import dag

pytestmark = pytest.mark.dag


@pytest.fixture
def tree(project: Path, tmp_path: Path) -> Path:
    """A fresh copy of the project without results."""
    return dag.copy_project(project, tmp_path / "tree")


def configure(tree: Path, text: str) -> None:
    with (tree / "config/config.yaml").open("a") as stream:
        stream.write(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "\nfigure: {dpi: 100}\n",
            "lemmata: config: figure = {'dpi': 100}: unknown key; allowed: "
            "calibration, data, diffusion, figures, length_generalization, multicalibration, "
            "papers, recalibration, scale, self_supervised, store (did you mean figures?)",
        ),
        (
            "\nfigures: {dpi: 10}\n",
            "lemmata: config: figures.dpi = 10: must be >= 72",
        ),
        (
            "\ncalibration: {datasets: [digitz]}\n",
            "lemmata: config: calibration.datasets[0] = 'digitz': allowed: ",
        ),
    ],
)
def test_mistake_in_the_configuration_stops_before_any_job(
    tree: Path, text: str, message: str
) -> None:
    configure(tree, text)
    done = dag.snakemake(tree, scale="")
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("lemmata:")]
    assert len(lines) == 1
    assert lines[0].startswith(message)
    assert "Traceback" not in done.stdout
    assert not (tree / "results").exists()


def test_unknown_scale_on_the_command_line(tree: Path) -> None:
    done = dag.snakemake(tree, "--dry-run", scale="huge")
    assert done.returncode == 1
    assert "lemmata: config: scale = 'huge': allowed: laptop, paper, smoke" in done.stdout


def test_broken_claims_file_is_one_line(tree: Path) -> None:
    path = tree / "config/claims.yaml"
    path.write_text(path.read_text().replace('comparison: "<="', 'comparison: "=<"', 1))
    done = dag.snakemake(tree, "--dry-run")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("lemmata:")]
    assert "smooth_ece.fixed_point" in line
    assert "'=<'" in line


ADULT = "results/smoke/data/adult/table.parquet"
# What a closed network looks like from inside: a proxy where nobody listens.
OFFLINE = dict.fromkeys(("https_proxy", "http_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")


def test_download_without_network_or_mirror_is_one_clear_line(tree: Path) -> None:
    done = dag.snakemake(tree, "resources/adult/adult.data", **OFFLINE)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("lemmata: fetch:")]
    (line,) = {re.sub(r" \(log: .*", "", text) for text in lines}
    for part in ("adult", "https://", "data.mirror"):
        assert part in line
    assert not [p for p in tree.glob("resources/**/*") if p.is_file()]


@pytest.mark.mirror
def test_mirror_replaces_the_network(tree: Path, mirror: Path) -> None:
    path = tree / "config/config.yaml"
    path.write_text(path.read_text().replace("mirror: null", f"mirror: {mirror}", 1))
    done = dag.snakemake(tree, ADULT, **OFFLINE)
    assert done.returncode == 0, done.stdout
    assert (tree / ADULT).exists()


def test_file_with_a_wrong_hash_is_refused_and_nothing_built_from_it(
    tree: Path, tmp_path: Path
) -> None:
    forged = tmp_path / "mirror"
    (forged / "adult").mkdir(parents=True)
    for name in ("adult.data", "adult.test"):
        (forged / "adult" / name).write_text("39, State-gov\n")
    path = tree / "config/config.yaml"
    path.write_text(path.read_text().replace("mirror: null", f"mirror: {forged}", 1))
    done = dag.snakemake(tree, ADULT, **OFFLINE)
    assert done.returncode == 1
    assert "sha256" in done.stdout
    assert not [p for p in tree.glob("re*/**/*") if p.is_file() and "prov" not in p.name]


MODEL = "results/smoke/calibration/digits/mlp/seed0"
LONGER = """
calibration:
  networks:
    image:
      mlp: {steps: 4000, checkpoint_every: 200}
"""


def published(tree: Path) -> dict[str, bytes]:
    names = ("model.safetensors", "history.parquet", "predictions.parquet")
    return {name: (tree / MODEL / name).read_bytes() for name in names}


def kill_when_saved(tree: Path) -> None:
    """Start the DAG, wait for the training job's second checkpoint, SIGKILL the whole group."""
    target = f"{MODEL}/model.safetensors"
    with (tree / "killed.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", target, "--config", "scale=smoke"],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree / "src"), "XDG_CACHE_HOME": str(tree)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while len(list(tree.glob("results/.checkpoints/*/step-*.pt"))) < 2:
            assert process.poll() is None, (tree / "killed.log").read_text()
            assert time.monotonic() < deadline, "no checkpoint was written"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_killed_training_resumes_to_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    configure(tree, LONGER)
    undisturbed = dag.copy_tree(tree, tmp_path / "undisturbed")
    target = f"{MODEL}/model.safetensors"
    assert dag.snakemake(undisturbed, target).returncode == 0

    kill_when_saved(tree)
    assert not (tree / target).exists()
    assert dag.snakemake(tree, "--unlock").returncode == 0
    done = dag.snakemake(tree, target)
    assert done.returncode == 0, done.stdout
    assert published(tree) == published(undisturbed)
    log = (tree / "logs/smoke/calibration/digits/mlp/seed0.log").read_text()
    found = re.search(r"resumes after step (\d+)$", log, re.MULTILINE)
    assert found
    assert int(found[1]) >= 400
    assert not list(tree.glob("results/.checkpoints/*"))
