"""A dead holder's lease is taken over by one process, and a live one's is left alone."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lemmata.provenance import holder
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
ROUNDS = (
    HEAD
    + """
top = folder
for number in range(6):
    folder = top / str(number)
    print("ready", flush=True)
    while not (folder / "go").exists():
        pass
"""
    + COUNT.replace("\n", "\n    ")
)


@contextlib.contextmanager
def beating(path: Path) -> Iterator[None]:
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.02):
            os.utime(path)

    thread = threading.Thread(target=beat)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_lease_of_a_killed_process_is_taken_over_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with holding(tmp_path) as other:
        other.kill()  # not waited for: a zombie is dead too
        with caplog.at_level(logging.INFO, "lemmata"), lease(tmp_path, "f", label="x", **FAST) as h:
            assert h.still_ours()
        [*_, line] = caplog.messages
        assert line.startswith(f"takes over x from pid {other.pid} on host {socket.gethostname()}")
        assert line.endswith("that process has ended")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "age_s", "why"),
    [
        ({"pid": 2**22 + 1}, 0, "that process has ended"),
        ({"born": "7"}, 0, "that pid is another process now"),
        ({"boot": "another"}, 1, "its machine has restarted"),
        ({"host": "elsewhere"}, 31, "no heartbeat for 31 s"),
        ({"namespace": "container", "pid": 2**22 + 1}, 31, "no heartbeat for 31 s"),
        ({"extra": 1}, 31, "the file is damaged"),
    ],
)
def test_stale_lease_is_taken_over(
    tmp_path: Path, change: dict[str, Any], age_s: float, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, age_s, **change)
    with caplog.at_level(logging.INFO, "lemmata"), lease(tmp_path, "f", **FAST) as held:
        assert not held.waited
        assert held.still_ours()
    assert [line.endswith(why) for line in caplog.messages] == [True]
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "age_s"),
    [
        ({}, 10**6),  # a process of this machine that is there: its heartbeat is not asked
        ({"host": "elsewhere", "pid": 2**22 + 1, "born": "7"}, 20),
        ({"boot": "another"}, 0),  # another machine of the same name, and alive
        ({"namespace": "container", "pid": 2**22 + 1}, 20),
        ({"extra": 1}, 20),  # its writer may be at it
    ],
)
def test_lease_that_may_be_alive_is_respected(
    tmp_path: Path, change: dict[str, Any], age_s: float
) -> None:
    path = write(tmp_path, age_s, **change)
    text = path.read_bytes()
    beats = change == {"boot": "another"}
    with beating(path) if beats else contextlib.nullcontext():
        assert blocked(tmp_path)
    assert path.read_bytes() == text
    assert names(tmp_path) == ["f.lease"]


def test_age_is_told_by_the_file_systems_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 20, host="elsewhere")
    monkeypatch.setattr("time.time", lambda: 10.0**10)
    assert blocked(tmp_path)


@pytest.mark.parametrize("age_s", [0, 31])
def test_takeover_race_has_one_winner(tmp_path: Path, age_s: float) -> None:
    """Four processes find one stale lease at the same moment, six times; all get in, in turn."""
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder, age_s, **({"host": "elsewhere"} if age_s else {"born": "7"}))
    processes = [start(ROUNDS.replace("{lease}", LEASE), tmp_path) for _ in range(4)]
    for number in range(6):
        for process in processes:
            assert process.stdout is not None
            while (line := process.stdout.readline()) != "ready\n":
                assert line, process.communicate()
        (tmp_path / str(number) / "go").touch()
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    for number in range(6):
        assert (tmp_path / str(number) / "counter").read_text() == "4"
        assert names(tmp_path / str(number)) == ["counter", "go"]


def test_late_contender_does_not_remove_the_lease_of_the_one_who_took_over(tmp_path: Path) -> None:
    """It judged the old lease, slept, and acts when another has already taken over."""
    write(tmp_path, born="7")
    judged = module._read(tmp_path / "f.lease")
    assert judged is not None
    with lease(tmp_path, "f", **FAST) as held:
        late = Holder.me("late", 0.1)
        assert module._removed(judged, late, 30.0)  # "look again"
        assert held.still_ours()
        assert names(tmp_path) == ["f.lease"]


def test_each_stale_lease_is_removed_under_a_guard_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, born="7")
    judged = module._read(tmp_path / "f.lease")
    assert judged is not None
    write(tmp_path, born="8", token="2" * 16)  # another has taken over since, and died
    assert module._removed(judged, Holder.me("late", 0.1), 30.0)
    assert names(tmp_path) == ["f.lease"]


def test_death_while_taking_over_blocks_nobody(tmp_path: Path) -> None:
    stale = write(tmp_path, born="7")
    token = json.loads(stale.read_text())["token"]
    guard = tmp_path / f"f.lease.{token}"
    guard.write_bytes(write(tmp_path, born="8", token="0" * 16).read_bytes())
    write(tmp_path, born="7", token=token)
    with lease(tmp_path, "f", **FAST) as held:
        assert held.still_ours()
    assert names(tmp_path) == []


def test_one_who_was_taken_over_knows_and_removes_nothing(tmp_path: Path) -> None:
    with lease(tmp_path, "f", **FAST) as held:
        held.path.unlink()
        other = write(tmp_path, token="1" * 16)
        assert not held.still_ours()
    assert names(tmp_path) == [other.name]


def test_start_of_a_process_is_told_also_without_proc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert holder._born(child.pid) == holder._born(child.pid) is not None
    monkeypatch.setattr(holder, "PROC", tmp_path)
    assert holder._born(child.pid) == str(psutil.Process(child.pid).create_time())
    child.kill()
    monkeypatch.setattr(holder, "PROC", Path("/proc"))
    ends = time.monotonic() + 10
    while holder._born(child.pid) is not None:  # it stays a zombie
        assert time.monotonic() < ends
    monkeypatch.setattr(holder, "PROC", tmp_path)
    assert holder._born(child.pid) is None
    child.communicate()
    assert holder._born(child.pid) is None
