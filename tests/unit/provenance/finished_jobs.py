"""Finished jobs for a store to keep, and looks at what it holds and gives back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from lemmata.provenance.digest import sha256_file
from lemmata.provenance.record import read_record, write_record
from lemmata.provenance.store import Store, place_of

FINGERPRINT = "f" * 64
CONTENT = {"results/a.bin": b"first" * 100, "results/b.bin": b"second" * 50}


def make(
    folder: Path, content: dict[str, bytes] = CONTENT, fingerprint: str = FINGERPRINT
) -> tuple[dict[str, Any], dict[str, Path], str]:
    """A finished job below `folder`: its record, its files and its place."""
    paths = {}
    outputs = []
    for name, value in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)
        paths[name] = path
        outputs.append(
            {"path": name, "bytes": len(value), "sha256": sha256_file(path), "fingerprint": None}
        )
    inputs = [{"path": "results/in.bin", "bytes": 0, "sha256": "0" * 64, "fingerprint": None}]
    target = folder / "results" / "job.prov.json"
    body = {"fingerprint": fingerprint, "rule": "r", "wall_s": 1.5, "name": "ä"}
    write_record(target, {**body, "inputs": inputs, "outputs": outputs})
    return read_record(target), paths, place_of(content, ["results/in.bin"])


def targets(folder: Path, content: dict[str, bytes] = CONTENT) -> dict[str, Path]:
    return {name: folder / "back" / f".tmp-{Path(name).name}" for name in content}


def back(store: Store, folder: Path, place: str) -> dict[str, bytes] | None:
    """What the store gives back; None for a miss, which must leave no file."""
    where = targets(folder)
    (folder / "back").mkdir(exist_ok=True)
    if store.restore(FINGERPRINT, place, where) is None:
        assert list((folder / "back").iterdir()) == []
        return None
    found = {name: path.read_bytes() for name, path in where.items()}
    shutil.rmtree(folder / "back")
    return found


def kept_files(store: Store) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.is_file())


def age(path: Path, seconds: float) -> None:
    before = path.stat().st_mtime - seconds
    os.utime(path, (before, before))
