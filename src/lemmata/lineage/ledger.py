"""Records by the files they speak of: the ones beside a file, and all of a folder tree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.provenance.record import SUFFIX, read_record

# Folders of the engine, the store, environments and git hold no records of their own.
SKIPPED = {".snakemake", ".lemmata", ".git", ".venv", ".cache", "node_modules", "__pycache__"}


@dataclass(frozen=True)
class Entry:
    """A record on disk. content is None, and problem says why, where it cannot be trusted.

    root: the folder that the record's relative paths start from, wherever the tree was moved.
    """

    path: Path
    content: dict[str, Any] | None
    problem: str
    root: Path

    @property
    def record(self) -> dict[str, Any]:
        """The content of a record that was found whole."""
        if self.content is None:
            raise LemmataError(self.problem)
        return self.content


class Ledger:
    """Reads each folder's records once."""

    def __init__(self) -> None:
        self._folders: dict[Path, list[Entry]] = {}

    def beside(self, path: Path) -> Entry | None:
        """The record in the file's folder that lists the file among its outputs.

        A damaged record still counts as the file's own when its text mentions the name: what was
        tampered with must not look as if it had never been there.
        """
        entries = self.folder(path.parent)
        for entry in entries:
            if entry.content is not None and path.name in _names(entry.content):
                return entry
        return next((e for e in entries if e.content is None and _mentions(e.path, path)), None)

    def folder(self, folder: Path) -> list[Entry]:
        """The records that lie in a folder, by name."""
        key = absolute(folder)
        if key not in self._folders:
            found = sorted(key.glob(f"*{SUFFIX}")) if key.is_dir() else []
            self._folders[key] = [_read(path) for path in found]
        return self._folders[key]

    def all(self, folder: Path) -> Iterator[Entry]:
        """The records below a folder, by path."""
        for here, files in walk(folder):
            if any(name.endswith(SUFFIX) for name in files):
                yield from self.folder(here)

    def find(self, fingerprint: str, folder: Path) -> Entry | None:
        """The record of a job below a folder."""
        whole = (entry for entry in self.all(folder) if entry.content is not None)
        return next((e for e in whole if e.record["fingerprint"] == fingerprint), None)


def absolute(path: Path) -> Path:
    """The path from the root, links kept: results/ may be a link to another disk."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link


def walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders with the names of their files, by path; links to folders are followed once."""
    seen: set[Path] = set()
    for here, below, files in os.walk(folder, followlinks=True):
        real = Path(here).resolve()
        below[:] = [] if real in seen else sorted(set(below) - SKIPPED)
        if real not in seen:
            seen.add(real)
            yield Path(here), sorted(files)


def _names(record: dict[str, Any]) -> set[str]:
    return {Path(item["path"]).name for item in record["outputs"]}


def _mentions(record: Path, path: Path) -> bool:
    try:
        return f'/{path.name}"'.encode() in record.read_bytes()
    except OSError:
        return False


def _read(path: Path) -> Entry:
    try:
        content = read_record(path)
        return Entry(path, content, "", _root(path, content))
    except LemmataError as error:
        return Entry(path, None, str(error), path.parent)


def _root(path: Path, record: dict[str, Any]) -> Path:
    depth = len(Path(record["outputs"][0]["path"]).parent.parts)
    return path.parents[depth]
