"""At most one process works under one fingerprint; the others wait, and none leaves a trace."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from lemmata.provenance import lease as module
from lemmata.provenance.holder import Holder
from lemmata.provenance.lease import lease
from tests.unit.provenance.leases import (
    COUNT,
    FAST,
    HEAD,
    LEASE,
    blocked,
    holding,
    names,
    start,
    write,
)

pytestmark = pytest.mark.usefixtures("patience")
TURNS = HEAD + "for turn in range(8):" + COUNT.replace("\n", "\n    ")


def test_lease_is_a_file_that_says_who_holds_it(tmp_path: Path) -> None:
    with lease(tmp_path / "leases", "f", label="rule r, x.json", **FAST) as held:
        said = json.loads((tmp_path / "leases" / "f.lease").read_text())
        assert said["host"] == socket.gethostname()
        assert said["pid"] == os.getpid()
        assert said["label"] == "rule r, x.json"
        assert held.still_ours()
        assert not held.waited
        assert names(tmp_path / "leases") == ["f.lease"]
    assert names(tmp_path / "leases") == []
    assert not held.still_ours()


def test_slurm_job_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    with lease(tmp_path, "f", **FAST):
        assert "(SLURM job 42)" in Holder(**json.loads((tmp_path / "f.lease").read_text())).said()


def test_heartbeat_touches_the_file_while_it_is_held(tmp_path: Path) -> None:
    with lease(tmp_path, "f", **FAST) as held:
        os.utime(held.path, (0, 0))
        ends = time.monotonic() + 10
        while held.path.stat().st_mtime == 0:
            assert time.monotonic() < ends
            time.sleep(0.02)


def test_failure_inside_releases(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), lease(tmp_path, "f", **FAST):
        raise RuntimeError
    assert names(tmp_path) == []


@pytest.mark.parametrize("guarded", [True, False])
def test_never_two_inside(tmp_path: Path, guarded: bool) -> None:
    text = TURNS.replace("{lease}", LEASE if guarded else "open(os.devnull)")
    processes = [start(text, tmp_path) for _ in range(4)]
    said = [process.communicate(timeout=60) for process in processes]
    fine = [process.returncode for process in processes] == [0] * 4
    assert fine == guarded, said  # without a lease the same count goes wrong
    if guarded:
        assert (tmp_path / "counter").read_text() == "32"
        assert names(tmp_path) == ["counter"]


def test_live_holder_is_waited_for_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with holding(tmp_path) as other:
        with caplog.at_level(logging.INFO, "lemmata"):
            assert blocked(tmp_path)
        waits = f"waits for f: held by pid {other.pid} on host {socket.gethostname()} since 20"
        assert [line.startswith(waits) for line in caplog.messages] == [True]
        threading.Timer(0.2, other.kill).start()
        with lease(tmp_path, "f", **FAST) as held:
            assert held.waited


def test_reminder_comes_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.setattr(module, "REMIND_S", 0.1)
    with caplog.at_level(logging.INFO, "lemmata"):
        assert blocked(tmp_path)
    assert 2 <= len(caplog.messages) <= 5


@pytest.mark.parametrize("moment", ["waiting", "inside"])
def test_sigterm_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    text = HEAD + (
        "with terminable(), lease(folder, 'f', label='rule r', **FAST):\n"
        "    print('inside', flush=True)\n    time.sleep(60)\n"
    )
    if moment == "waiting":
        write(tmp_path)  # of this process, which lives
    process = start(text, tmp_path)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("waits for rule r" if moment == "waiting" else "inside")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 128 + signal.SIGTERM
    process.communicate()
    assert names(tmp_path) == (["f.lease"] if moment == "waiting" else [])


def test_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with lease(tmp_path, "f", **FAST) as held:
        assert held.still_ours()
        assert names(tmp_path) == ["f.lease"]
    with holding(tmp_path):
        assert blocked(tmp_path)


def test_lost_answer_of_a_server_is_no_lost_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network file system may make the link and yet say that it existed."""
    real = Path.hardlink_to

    def lie(self: Path, target: Path) -> None:
        real(self, target)
        raise FileExistsError

    monkeypatch.setattr(Path, "hardlink_to", lie)
    with lease(tmp_path, "f", **FAST) as held:
        assert held.still_ours()
        assert not held.waited
