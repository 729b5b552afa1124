"""The store's entries: one JSON file for each computation and place, which no change escapes.

An entry holds a whole record and the permission bits of each output. Its name repeats the record's
fingerprint and place, its text is canonical and holds a digest of the rest, and the record in it
has its own: a damaged, renamed or edited entry cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.provenance.digest import canonical_json, sha256_json
from lemmata.provenance.disk import unique_beside
from lemmata.provenance.objects import files_in
from lemmata.provenance.record import SCHEMA

SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One kept computation: its output paths, the sha256 of each in their order, their bytes.

    last_used: when it was last kept or restored; file: the entry itself.
    """

    fingerprint: str
    place: str
    rule: str
    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    bytes: int
    last_used: datetime
    file: Path


def place_of(outputs: Iterable[str], inputs: Iterable[str]) -> str:
    """Short name of where a computation reads and writes.

    The same computation for other paths embeds another stamp, so its files are others.
    """
    return sha256_json([list(outputs), list(inputs)])[:8]


def entry_path(root: Path, fingerprint: str, place: str) -> Path:
    """Where the entry of a computation lies below the store's folder, if it does."""
    return root / "entries" / fingerprint[:2] / f"{fingerprint}-{place}.json"


def path_for(root: Path, record: Mapping[str, Any]) -> Path:
    """Where the entry of a record belongs."""
    paths = [[item["path"] for item in record[kind]] for kind in ("outputs", "inputs")]
    return entry_path(root, record["fingerprint"], place_of(*paths))


def write_entry(path: Path, record: Mapping[str, Any], modes: Mapping[str, int]) -> None:
    """Write an entry in one step; modes: permission bits by output path."""
    body = {"record": record, "modes": modes}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = unique_beside(path)
    try:
        temporary.write_bytes(canonical_json({**body, "digest": sha256_json(body)}))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_entry(path: Path) -> dict[str, Any]:
    """An entry's record and modes; LemmataError when it is damaged, OSError when unreadable."""
    text = path.read_bytes()
    try:
        content: dict[str, Any] = json.loads(text)
        record = content["record"]
        sound = (
            text == canonical_json(content)
            and content.pop("digest") == sha256_json(content)
            and record["digest"] == sha256_json({k: v for k, v in record.items() if k != "digest"})
            and record["schema"] == SCHEMA
            and path.name == path_for(path.parent, record).name
            and all(SHA256.fullmatch(item["sha256"]) for item in record["outputs"])
            and set(content["modes"]) == {item["path"] for item in record["outputs"]}
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise LemmataError(f"{path}: entry is damaged")
    return content


def describe(path: Path) -> Entry:
    """An entry in short; raises as `read_entry` does."""
    record = read_entry(path)["record"]
    outputs = record["outputs"]
    return Entry(
        fingerprint=record["fingerprint"],
        place=path.stem.rpartition("-")[2],
        rule=record["rule"],
        paths=tuple(item["path"] for item in outputs),
        sha256=tuple(item["sha256"] for item in outputs),
        bytes=sum(item["bytes"] for item in outputs),
        last_used=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        file=path,
    )


def all_entries(root: Path, damaged: list[Path] | None = None) -> Iterator[Entry]:
    """Every whole entry below the store's folder, by fingerprint; damaged: takes the others.

    Raises LemmataError naming an entry that cannot be read at all.
    """
    for path in files_in(root / "entries"):
        try:
            yield describe(path)
        except FileNotFoundError:
            continue  # pruned meanwhile, by another machine
        except OSError as error:
            raise LemmataError(f"{path}: cannot be read ({error.strerror})") from error
        except LemmataError:
            if damaged is not None:
                damaged.append(path)
