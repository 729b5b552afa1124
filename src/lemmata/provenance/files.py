"""Writing files so that nothing half-written is ever seen under the final name."""

from __future__ import annotations

import os
from pathlib import Path


def temporary_name(path: Path, token: str) -> Path:
    """A hidden name beside `path`, with its suffix (writers choose the format by it)."""
    return path.with_name(f".tmp-{token}-{path.name}")


def publish(temporary: Path, final: Path) -> None:
    """Make a finished temporary file durable and give it its final name in one step."""
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    temporary.replace(final)
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomic(path: Path, content: bytes) -> None:
    """Write `content` under `path`: wholly or not at all, also when the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path, str(os.getpid()))
    try:
        temporary.write_bytes(content)
        publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
