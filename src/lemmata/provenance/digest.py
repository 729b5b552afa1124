"""Digests of files and of plain values: the identities that everything else is built on."""

from __future__ import annotations

import hashlib
import json
from os import PathLike
from typing import Any

from lemmata.errors import LemmataError


def canonical_json(value: Any) -> bytes:
    """The one JSON text of a value: keys sorted, no spaces, UTF-8; NaN and infinities refused."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def sha256_json(value: Any) -> str:
    """sha256 (hex) of the canonical JSON of a value made of dicts, lists and scalars."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sha256_file(path: str | PathLike[str]) -> str:
    """sha256 (hex) of a file's bytes; raises LemmataError naming a file that cannot be read."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - str paths come straight from the engine
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise LemmataError(f"{path}: cannot be read ({error.strerror})") from error
