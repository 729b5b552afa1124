"""What files hold, remembered by size, times and inode so that nothing is hashed twice.

A file whose size, modification time, change time and inode are those of last time is taken to hold
the same bytes. Only the system's clock and owner can fake a change time; ``full`` trusts nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lemmata.provenance.content import content_digest
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.embed import READERS, read_stamp
from lemmata.provenance.files import write_atomic

CACHE = Path(".lemmata/hashes.json")
VERSION = 1


@dataclass(frozen=True)
class Facts:
    """sha256 of the bytes; the stamp inside and the digest of the content where there is one.

    problem: why the stamp cannot be read, empty where it can.
    """

    sha256: str
    stamp: dict[str, Any] | None = None
    content: str | None = None
    problem: str = ""


class Hashes:
    """Facts of files, kept in `root`/.lemmata between runs where that can be written."""

    def __init__(self, root: Path = Path(), full: bool = False) -> None:
        self._path = root / CACHE
        self._known: dict[str, list[Any]] = {} if full else _load(self._path)
        self._changed = full

    def facts(self, path: Path) -> Facts | None:
        """What the file holds; None when there is none."""
        try:
            status = path.stat()
        except OSError:
            return None
        key = str(path.resolve())
        sign = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self._known.get(key)
        if known is not None and known[0] == sign:
            return Facts(*known[1])
        facts = measure(path)
        said = [facts.sha256, facts.stamp, facts.content, facts.problem]
        self._known[key] = [sign, said]
        self._changed = True
        return facts

    def save(self) -> None:
        """Keep what was learnt; silently nothing where the folder cannot be written."""
        if not self._changed:
            return
        try:
            text = json.dumps({"version": VERSION, "files": self._known})
            write_atomic(self._path, text.encode())
        except OSError:
            return  # an auditor may have no right to write here, and needs none


def measure(path: Path) -> Facts:
    """Hash a file and read its stamp; LemmataError when it cannot be read at all."""
    digest = sha256_file(path)
    if path.suffix not in READERS:
        return Facts(digest)
    try:
        return Facts(digest, read_stamp(path), content_digest(path))
    except Exception as error:  # whatever a library says of a damaged or hostile file
        return Facts(digest, problem=str(error).removeprefix(f"{path}: "))


def _load(path: Path) -> dict[str, list[Any]]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["files"] if kept["version"] == VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
