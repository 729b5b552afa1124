"""At most one process works under one fingerprint, and a dead one blocks nobody."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
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

FAST = {"heartbeat_s": 0.1, "stale_s": 30.0, "poll_s": 0.02}

HEAD = """
import logging, os, sys, time
from pathlib import Path
from lemmata.provenance.lease import lease
from lemmata.provenance.session import terminable
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
folder = Path(sys.argv[1])
FAST = {"heartbeat_s": 0.1, "stale_s": 30.0, "poll_s": 0.02}
"""
HOLD = (
    HEAD
    + """
with lease(folder, "f", label="rule r", **FAST):
    print("inside", flush=True)
    time.sleep(60)
"""
)
# Two inside at once would see each other's mark, or lose an increment.
COUNT = """
with {lease} as held:
    mark = os.open(folder / "mark", os.O_CREAT | os.O_EXCL)
    counter = folder / "counter"
    value = int(counter.read_text()) if counter.exists() else 0
    time.sleep(0.01)
    counter.write_text(str(value + 1))
    os.close(mark)
    (folder / "mark").unlink()
"""
LEASE = 'lease(folder, "f", label="rule r", **FAST)'
TURNS = HEAD + "for turn in range(8):" + COUNT.replace("\n", "\n    ")
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


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """A lease that is never given is a failure, not a standstill."""

    def late(*_: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


def start(text: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", text, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def holding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is inside its lease."""
    process = start(HOLD, folder)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def write(folder: Path, age_s: float = 0.0, **change: Any) -> Path:
    """A lease of this process, but for what is changed, last touched `age_s` ago."""
    said = {**json.loads(Holder.me("rule r", 0.1).text()), **change}
    path = folder / "f.lease"
    path.write_text(json.dumps(said))
    before = time.time() - age_s
    os.utime(path, (before, before))
    return path


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


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def blocked(folder: Path, **settings: float) -> bool:
    """Whether the lease is respected for a while; ends the waiting by an exception."""

    class EnoughError(Exception):
        pass

    ends = time.monotonic() + 0.4

    def sleep(seconds: float) -> None:
        if time.monotonic() > ends:
            raise EnoughError
        threading.Event().wait(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.time, "sleep", sleep)
        try:
            with lease(folder, "f", **{**FAST, **settings}):
                return False
        except EnoughError:
            return True


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
