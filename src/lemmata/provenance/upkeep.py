"""Looking after the store: its size, what is wrong with it, what may go.

Other machines may write meanwhile. An object without an entry is left alone while it is young: its
writer writes the entry last. Ages are taken by the clock of the store's own file system.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from lemmata.errors import LemmataError
from lemmata.provenance.disk import folder_clock, unique_beside
from lemmata.provenance.entries import Entry, all_entries
from lemmata.provenance.objects import Objects, files_in, size_of, whole

YOUNG_S = 3600
ABANDONED_S = 86400  # no writer takes a day for one file
NOTE = "size"  # bytes of the store when last looked at and added since; jobs since
LOOK_AFTER = 100


@dataclass(frozen=True)
class Pruned:
    """What a pruning removed, or would remove."""

    entries: int
    bytes: int


def total_bytes(root: Path) -> int:
    """Size of a store: its objects and entries."""
    return sum(size_of(path) for folder in _folders(root) for path in files_in(folder))


def may_exceed(root: Path, limit_bytes: int, added: int) -> bool:
    """Whether a store is larger than its limit, after `added` bytes at most were added.

    To look at all files for each job would take as long as all jobs that were kept, together. So
    the size that was found last is noted in the store with what was added since, and all files are
    looked at where that passes the limit, and again after LOOK_AFTER jobs: machines that note at
    the same time may lose what one of them added.
    """
    note = root / NOTE
    try:
        size, jobs = map(int, note.read_text().split())
    except (OSError, ValueError):
        size, jobs = 0, LOOK_AFTER
    size, jobs = size + added, jobs + 1
    if size > limit_bytes or jobs > LOOK_AFTER:
        size, jobs = total_bytes(root), 0
    draft = unique_beside(note)
    try:
        draft.write_text(f"{size} {jobs}\n")
        draft.replace(note)
    except OSError:  # then the next job looks at all files
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return size > limit_bytes


def verify(root: Path) -> list[str]:
    """Everything that is wrong with a store, one line each; reads every object."""
    objects = Objects(root / "objects")
    damaged: list[Path] = []
    entries = list(all_entries(root, damaged))
    problems = [f"{path}: entry is damaged" for path in damaged]
    for entry in entries:
        problems += [
            f"{entry.file}: the object of {path} is missing ({digest})"
            for path, digest in zip(entry.paths, entry.sha256, strict=True)
            if not objects.path(digest).exists() and entry.file.exists()
        ]
    for path in files_in(objects.root):
        try:
            if not whole(path):
                problems.append(f"{path}: object is damaged, its bytes have another sha256")
        except LemmataError as error:
            if path.exists():  # else pruned meanwhile
                problems.append(str(error))
    needed = {digest for entry in entries for digest in entry.sha256}
    problems += [f"{path}: object that no entry needs" for path in _orphans(root, needed)]
    problems += [f"{path}: temporary file left by a crash" for path in _abandoned(root)]
    return problems


def prune(
    root: Path, limit_bytes: int, *, spared: Path | None = None, dry_run: bool = False
) -> Pruned:
    """Remove the least recently used entries until the store takes at most `limit_bytes`.

    Damaged entries, old objects that no entry needs and old temporary files go first. spared: an
    entry that stays in any case. Raises LemmataError when a file cannot be removed.
    """
    going: list[Path] = []
    entries = list(all_entries(root, damaged=going))
    needed = {digest for entry in entries for digest in entry.sha256}
    waste = [*_orphans(root, needed), *_abandoned(root)]
    stale, freed = _least_used(root, entries, limit_bytes, spared)
    going += stale
    files = [*going, *waste, *freed]  # entries first: none is ever left without its objects
    removed = Pruned(len(going), sum(map(size_of, files)))
    for path in files if not dry_run else ():
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise LemmataError(f"{path}: cannot be removed ({error.strerror})") from error
    return removed


def _least_used(
    root: Path, entries: list[Entry], limit: int, spared: Path | None
) -> tuple[list[Path], list[Path]]:
    """The entries to remove for the limit, and the objects that nobody needs after them."""
    objects = Objects(root / "objects")
    users = Counter(digest for entry in entries for digest in set(entry.sha256))
    total = sum(size_of(entry.file) for entry in entries)
    total += sum(size_of(objects.path(digest)) for digest in users)
    going: list[Path] = []
    freed: list[Path] = []
    for entry in sorted(entries, key=lambda entry: entry.last_used):
        if total <= limit:
            break
        if entry.file == spared:
            continue
        users.subtract(set(entry.sha256))
        free = [objects.path(digest) for digest in set(entry.sha256) if not users[digest]]
        total -= size_of(entry.file) + sum(map(size_of, free))
        going.append(entry.file)
        freed += free
    return going, freed


def _folders(root: Path) -> tuple[Path, Path]:
    return root / "entries", root / "objects"


def _orphans(root: Path, needed: Set[str]) -> list[Path]:
    files = [path for path in files_in(root / "objects") if path.name not in needed]
    return _older(root, files, YOUNG_S)


def _abandoned(root: Path) -> list[Path]:
    files = [path for folder in _folders(root) for path in files_in(folder, temporary=True)]
    return _older(root, files, ABANDONED_S)


def _older(root: Path, files: list[Path], seconds: float) -> list[Path]:
    if not files:
        return []
    try:
        now = folder_clock(root)
    except OSError:  # a store that we may only read
        now = time.time()
    return [path for path in files if now - _modified(path, now) > seconds]


def _modified(path: Path, now: float) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # renamed or pruned meanwhile
        return now
