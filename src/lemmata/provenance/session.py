"""The surroundings of a job: its log, its way to stop, and how a failure is told."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TextIO

from lemmata.errors import LemmataError

log = logging.getLogger("lemmata")


@contextlib.contextmanager
def logged(path: Path, rule: str) -> Iterator[None]:
    """Send prints and log messages to the file `path`; a LemmataError ends the process in one line.

    The line goes to the log and to the true standard error, with exit status 1. Any other exception
    is written to the log with its traceback and passed on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stderr = sys.stderr
    with path.open("a", buffering=1) as stream:
        try:
            streams = contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream)
            with _handler(stream), streams[0], streams[1]:
                yield
        except LemmataError as error:
            line = f"lemmata: {rule}: {error}"
            print(line, file=stream)
            print(f"{line} (log: {path})", file=stderr)
            raise SystemExit(1) from None
        except BaseException as error:
            done = isinstance(error, SystemExit) and error.code == 0
            if not done:
                traceback.print_exception(error, file=stream)
            raise


@contextlib.contextmanager
def _handler(stream: TextIO) -> Iterator[None]:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM unwind the job, so that it cleans up and notes the attempt."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
