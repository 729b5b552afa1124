"""Processes that hold a lease, leases as others left them, and what is seen of either."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
