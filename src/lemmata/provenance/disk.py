"""What several machines need that write into one folder: unique names, its own clock, copies."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
from pathlib import Path

from lemmata.provenance.digest import sha256_file

TEMPORARY = ".tmp-"
FICLONE = 0x40049409  # of <linux/fs.h>: share the source's blocks, copy on write


def unique_beside(path: Path) -> Path:
    """A hidden name in the folder of `path` that no other process on any machine takes."""
    token = secrets.token_hex(4)
    return path.with_name(f"{TEMPORARY}{socket.gethostname()}-{os.getpid()}-{token}")


def folder_clock(folder: Path) -> float:
    """The time by the clock that dates the files of `folder` (a server's may differ from ours)."""
    probe = unique_beside(folder / "clock")
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> str:
    """Copy a file, sharing its blocks where the file system can; sha256 of what was written."""
    if not _reflink(source, target):
        shutil.copyfile(source, target)
    return sha256_file(target)


def _reflink(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with source.open("rb") as read, target.open("wb") as write:
        try:
            fcntl.ioctl(write.fileno(), FICLONE, read.fileno())
        except OSError:
            return False
    return True
