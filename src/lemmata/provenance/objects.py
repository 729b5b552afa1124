"""Files under their own sha256: a folder that many machines fill without locks.

A file is copied under a name of its own and renamed, so nothing half-written is seen, and writing
the same file twice does no harm. It is not forced to the disk: a machine that stops may leave one
whose bytes are others, which every use notices.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lemmata.errors import LemmataError
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.disk import TEMPORARY, copy, unique_beside


@dataclass(frozen=True)
class Objects:
    """The folder `root` with one read-only file ``<2 hex>/<sha256>`` for each content."""

    root: Path

    def path(self, digest: str) -> Path:
        """Where the content with this sha256 lies, if it does."""
        return self.root / digest[:2] / digest

    def add(self, source: Path, digest: str) -> None:
        """Add a file; LemmataError when its sha256 is not `digest`."""
        target = self.path(digest)
        if self._reused(target):
            _demand(source, sha256_file(source), digest)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = unique_beside(target)
        try:
            _demand(source, copy(source, temporary), digest)
            temporary.chmod(0o444)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def _reused(self, target: Path) -> bool:
        """Whether the object is there and whole; then it is made young, or it might be pruned."""
        try:
            os.utime(target)
        except OSError:  # absent, or another user's: the copy that follows replaces it
            return False
        return whole(target)

    def copy_out(self, digest: str, target: Path) -> None:
        """Copy an object to `target`.

        Raises LemmataError for a missing object and for a damaged one, which is removed; OSError
        when either file cannot be read or written for another reason.
        """
        source = self.path(digest)
        if not source.exists():
            raise LemmataError(f"{source}: object is missing")
        target.unlink(missing_ok=True)
        if copy(source, target) != digest:
            source.unlink(missing_ok=True)
            raise LemmataError(f"{source}: object was damaged and is removed")


def _demand(source: Path, found: str, expected: str) -> None:
    if found != expected:
        raise LemmataError(f"{source}: sha256 {found}, but the record says {expected}; not kept")


def whole(path: Path) -> bool:
    """Whether an object's bytes have the sha256 that it is named by."""
    return sha256_file(path) == path.name


def files_in(root: Path, *, temporary: bool = False) -> Iterator[Path]:
    """The files of a folder with two-letter folders, or the temporary ones among them."""
    for path in sorted(root.glob("??/*")):
        if path.name.startswith(TEMPORARY) == temporary:
            yield path


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when another machine has just removed it."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
