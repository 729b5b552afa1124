"""What a job says when it is told to end or meets a full disk; GPUs of others; time left."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lemmata.provenance import environment
from lemmata.provenance import slurm as slurm_facts
from lemmata.provenance.job import Job
from lemmata.provenance.session import Stopped, logged, terminable


def test_sigterm_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "job.log"
    with pytest.raises(Stopped) as stopped, logged(log, "fit"), terminable():
        signal.raise_signal(signal.SIGTERM)
    assert stopped.value.code == 128 + signal.SIGTERM
    line = "lemmata: fit: told to end (SIGTERM: time limit, preemption or cancelling); run it again"
    assert log.read_text() == f"{line}\n"
    assert capsys.readouterr().err == f"{line} (log: {log})\n"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "model.safetensors"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_full_disk_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    with pytest.raises(type(error)), logged(tmp_path / "job.log", "fit"):
        raise error
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lemmata: fit: No space left on device")
    assert "make room and run it again" in line


def test_other_errors_keep_their_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match="odd"), logged(tmp_path / "job.log", "fit"):
        raise ValueError("odd")
    assert "Traceback" in (tmp_path / "job.log").read_text()
    assert capsys.readouterr().err == ""


def job_with(resources: dict[str, int | str]) -> Job:
    return Job(None, SimpleNamespace(), {}, resources, 1, "f", {}, Path())


@pytest.mark.parametrize(
    ("left", "limit", "expected"),
    [(None, float("inf"), None), (3600.0, 7200.0, 3540.0), (50.0, 60.0, 44.0), (3.0, 60.0, 0.0)],
)
def test_training_stops_a_minute_before_the_limit(
    monkeypatch: pytest.MonkeyPatch, left: float | None, limit: float, expected: float | None
) -> None:
    monkeypatch.setattr(slurm_facts, "time_left_s", lambda: (left, limit))
    assert job_with({}).stop_after_s() == expected


def test_gpus_asked_for() -> None:
    assert job_with({}).gpus == 0
    assert job_with({"gpu": 1}).gpus == 1
    assert job_with({"gpu": 0, "gres": "gpu:a100:2"}).gpus == 2
    assert job_with({"gpu": 0, "gres": "shard:1"}).gpus == 1  # one that others use as well
    assert job_with({"gpu": 0, "gres": "bandwidth:lustre:1G"}).gpus == 0


def test_command_of_the_controller_reaches_jobs_on_other_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = ["python", "snakemake", "--profile", "profiles/slurm"]
    monkeypatch.setattr(sys, "orig_argv", typed)
    monkeypatch.delenv(environment.COMMAND, raising=False)
    environment.tell_command()
    assert json.loads(os.environ[environment.COMMAND]) == typed
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "snakemake", "--mode", "remote"])
    environment.tell_command()
    assert json.loads(os.environ[environment.COMMAND]) == typed
    monkeypatch.setattr("psutil.Process.parents", lambda _: [])
    assert environment.command() == typed
