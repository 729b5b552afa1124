"""Real processes, really killed: the rerun's files equal an undisturbed run's byte for byte."""

import random
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("resumable_job.py")
JOB = runpy.run_path(str(SCRIPT))
OUTPUTS, STEPS, work = JOB["OUTPUTS"], JOB["STEPS"], JOB["work"]


def start(device, folder, *cut):
    command = [sys.executable, str(SCRIPT), device, str(folder), *map(str, cut)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def outcome(folder):
    return [(folder / name).read_bytes() for name in OUTPUTS]


@pytest.fixture(
    scope="module",
    params=[
        "cpu",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
        ),
    ],
)
def device(request):
    return request.param


@pytest.fixture(scope="module")
def undisturbed(device, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    work(device, folder)
    return outcome(folder)


def test_killed_at_a_random_step(device, undisturbed, tmp_path):
    step = random.SystemRandom().randrange(1, STEPS + 1)
    assert start(device, tmp_path, "SIGKILL", step).returncode == -signal.SIGKILL
    assert not (tmp_path / OUTPUTS[0]).exists()
    again = start(device, tmp_path)
    assert again.returncode == 0, again.stderr
    assert outcome(tmp_path) == undisturbed, f"killed at step {step}"


def test_killed_while_saving(device, undisturbed, tmp_path):
    assert start(device, tmp_path, "save", 20).returncode == -signal.SIGKILL
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert [name[:13] for name in names if name.startswith("step-")] == [
        "step-00000012",
        "step-00000016",
    ]
    assert len(names) == 3  # and the one half done
    work(device, tmp_path)
    assert outcome(tmp_path) == undisturbed


def test_terminated(device, undisturbed, tmp_path):
    ended = start(device, tmp_path, "SIGTERM", 30)
    assert ended.returncode == 1
    assert ended.stderr.strip() == "SIGTERM: saved at step 30; rerun to resume"
    work(device, tmp_path)
    assert outcome(tmp_path) == undisturbed
