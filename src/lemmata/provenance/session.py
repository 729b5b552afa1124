"""The surroundings of a job: its log, its way to stop, and how a failure is told."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
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
            reason = error.reason if isinstance(error, Stopped) else _no_space(error)
            if reason:
                line = f"lemmata: {rule}: {reason}"
                with contextlib.suppress(OSError):  # the log's disk may be the full one
                    print(line, file=stream)
                print(f"{line} (log: {path})", file=stderr)
            elif not (isinstance(error, SystemExit) and error.code == 0):
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


def _no_space(error: BaseException) -> str | None:
    """What to say of a full disk or quota, whichever library met it; None for other errors."""
    full = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
    found = next((words for words in full if words in str(error)), None)
    name = getattr(error, "filename", None)
    where = f" ({name})" if name else ""
    return f"{found}{where}: make room and run it again" if found else None


class Stopped(SystemExit):
    """The job was told to end by a signal; its code is the shell's for that (128 + number)."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        name = signal.Signals(number).name
        self.reason = f"told to end ({name}: time limit, preemption or cancelling); run it again"


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM unwind the job, so that it cleans up and notes the attempt."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
