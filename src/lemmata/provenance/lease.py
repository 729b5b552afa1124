"""At most once: a lease on a fingerprint, so that two processes never do one job together.

A killed controller leaves jobs behind that run on, and the next one starts them anew. The lease is
a file that appears in one step with its whole content, also on network file systems, and is touched
while its holder lives. Whoever finds it waits. When its holder cannot be alive any more, one of
those who wait removes it, and whoever then makes a new one first has it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lemmata.provenance.disk import folder_clock, unique_beside
from lemmata.provenance.holder import Holder
from lemmata.provenance.session import log

REMIND_S = 60.0
RETRY_S = 0.01


@dataclass(frozen=True)
class Lease:
    """A lease that this process holds; waited: whether another instance had it first."""

    path: Path
    token: str
    waited: bool

    def still_ours(self) -> bool:
        """Whether nobody has taken it over, as after a long sleep of this machine."""
        found = _read(self.path)
        return found is not None and found.token == self.token


@contextlib.contextmanager
def lease(
    folder: Path,
    fingerprint: str,
    *,
    label: str = "",
    heartbeat_s: float = 15.0,
    stale_s: float = 300.0,
    poll_s: float = 1.0,
) -> Iterator[Lease]:
    """Hold the lease on a fingerprint, after waiting for its present holder, if there is one.

    label: what is done under it, for the log lines; stale_s: how old the heartbeat of a holder on
    another machine may be, by the clock of the folder's own file system.
    """
    path = folder / f"{fingerprint}.lease"
    me = Holder.me(label or fingerprint, heartbeat_s)
    try:
        waited = _acquire(path, me, stale_s, poll_s)
        with _heartbeat(path, heartbeat_s):
            yield Lease(path, me.token, waited)
    finally:
        if (found := _read(path)) is not None and found.token == me.token:
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Found:
    """A lease as it was read; holder: None where the file names none (its writer is at it)."""

    path: Path
    holder: Holder | None
    touched: float

    @property
    def token(self) -> str:
        return self.holder.token if self.holder else "unreadable"

    def said(self) -> str:
        return self.holder.said() if self.holder else f"a process that {self.path} does not name"

    def gone(self, stale_s: float) -> str | None:
        """Why the holder cannot be alive any more; None while it may be."""
        if self.holder:
            return self.holder.gone(self._age, stale_s)
        return "the file is damaged" if self._age() > stale_s else None

    def _age(self) -> float:
        return folder_clock(self.path.parent) - self.touched


def _acquire(path: Path, me: Holder, stale_s: float, poll_s: float) -> bool:
    """Make the lease ours; returns whether it took waiting."""
    waited = False
    judge_at = remind_at = time.monotonic()
    while (other := _take(path, me)) is not None:
        now = time.monotonic()
        if now >= judge_at:  # seldom, because to tell an age writes a file
            judge_at = now + me.heartbeat_s / 3
            if _removed(other, me, stale_s):
                judge_at = now
                continue
        waited = True
        if now >= remind_at:
            log.info("waits for %s: held by %s", me.label, other.said())
            remind_at = now + REMIND_S
        time.sleep(poll_s)
    return waited


def _take(path: Path, me: Holder) -> _Found | None:
    """Make the lease if there is none; None when it is ours, else the one that is there."""
    while True:
        found = _read(path)
        if found is None:
            _make(path, me.text())
            # A server's lost answer may hide that it was made: only the content tells.
            found = _read(path)
        if found is not None:
            return None if found.token == me.token else found
        time.sleep(RETRY_S)


def _make(path: Path, text: bytes) -> None:
    """Let a file with this text appear in one step, if there is none of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = unique_beside(path)
    try:
        draft.write_bytes(text)
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    except OSError:  # no hard links here: the text then comes a moment after the name
        with contextlib.suppress(FileExistsError), path.open("xb") as stream:
            stream.write(text)
    finally:
        draft.unlink(missing_ok=True)


def _removed(found: _Found, me: Holder, stale_s: float) -> bool:
    """Remove a lease whose holder is gone; False while it may be alive or another removes it.

    One who judged long ago must not remove the lease of one who has taken over since. So removing
    has a lease of its own, named after the very holding that was judged, and judges again under it.
    """
    if found.gone(stale_s) is None:
        return False
    guard = found.path.with_name(f"{found.path.name}.{found.token}")
    if (other := _take(guard, me)) is not None:
        return _removed(other, me, stale_s)
    try:
        now = _read(found.path)
        if now is not None and now.token == found.token and (why := now.gone(stale_s)):
            log.warning("takes over %s from %s: %s", me.label, found.said(), why)
            found.path.unlink(missing_ok=True)
    finally:
        guard.unlink(missing_ok=True)
    return True


def _read(path: Path) -> _Found | None:
    try:
        with path.open("rb") as stream:
            return _Found(path, Holder.read(stream.read()), os.fstat(stream.fileno()).st_mtime)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):  # removed, here or by another machine
            return None
        raise


@contextlib.contextmanager
def _heartbeat(path: Path, every_s: float) -> Iterator[None]:
    """Touch the file every so often, this very one, whatever its name stands for by then."""
    stop = threading.Event()
    with path.open("rb") as stream:

        def beat() -> None:
            while not stop.wait(every_s):
                with contextlib.suppress(OSError):  # a server may be out of reach for a while
                    os.utime(stream.fileno())

        thread = threading.Thread(target=beat, name="lease heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
