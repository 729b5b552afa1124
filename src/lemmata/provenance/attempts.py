"""Failed attempts of a job: one JSON line each, beside its log."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def note_attempt(log_path: Path, attempt: Mapping[str, Any]) -> None:
    """Add one failed attempt; it must hold its fingerprint."""
    with _file(log_path).open("a") as stream:
        stream.write(json.dumps(attempt, sort_keys=True) + "\n")


def failed_attempts(log_path: Path, identity: str) -> list[dict[str, Any]]:
    """Earlier failures of the same fingerprint; a line cut short by a crash is passed over."""
    attempts = []
    path = _file(log_path)
    for line in path.read_text().splitlines() if path.exists() else []:
        with contextlib.suppress(json.JSONDecodeError):
            attempts.append(json.loads(line))
    return [attempt for attempt in attempts if attempt.get("fingerprint") == identity]


def _file(log_path: Path) -> Path:
    return log_path.with_suffix(".attempts.jsonl")
