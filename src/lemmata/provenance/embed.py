"""Reading the provenance stamp that figures, tables and weights carry inside themselves."""

from __future__ import annotations

import html
import json
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lemmata.errors import LemmataError
from lemmata.provenance.content import HTML_STAMP

KEY = "lemmata:provenance"
DUBLIN_CORE_SOURCE = "{http://purl.org/dc/elements/1.1/}source"


def read_stamp(path: Path) -> dict[str, Any] | None:
    """The stamp (fingerprint, rule, input digests) inside a file; None when it carries none.

    Knows PNG (text chunk), SVG (Dublin-Core source), Parquet (key-value metadata), safetensors
    (header metadata) and HTML (meta element). Raises LemmataError when the file is damaged or
    unreadable.
    """
    reader = READERS.get(path.suffix)
    if reader is None:
        return None
    try:
        text = reader(path)
        return None if text is None else json.loads(text)
    except (OSError, ValueError, KeyError, SyntaxError, ElementTree.ParseError) as error:
        raise LemmataError(f"{path}: cannot be read as {path.suffix[1:]} ({error})") from error


def _png(path: Path) -> str | None:
    from PIL import Image  # each format's library loads only when its file is asked for

    with Image.open(path) as image:
        image.load()
        return image.info.get(KEY)


def _svg(path: Path) -> str | None:
    # A figure may come from a stranger: no entities, so no expansion attacks.
    content = path.read_bytes()
    if b"<!ENTITY" in content:
        raise ValueError("entities are not allowed")
    element = ElementTree.fromstring(content).find(f".//{DUBLIN_CORE_SOURCE}")  # noqa: S314
    return None if element is None else element.text


def _parquet(path: Path) -> str | None:
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    stamp = metadata.get(KEY.encode())
    return None if stamp is None else stamp.decode()


def _safetensors(path: Path) -> str | None:
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        if size > path.stat().st_size:
            raise ValueError("header longer than the file")
        header = json.loads(stream.read(size))
    stamp: str | None = header.get("__metadata__", {}).get(KEY)
    return stamp


def _html(path: Path) -> str | None:
    found = HTML_STAMP.search(path.read_text(encoding="utf-8"))
    return None if found is None else html.unescape(found.group(1))


READERS = {
    ".png": _png,
    ".svg": _svg,
    ".parquet": _parquet,
    ".safetensors": _safetensors,
    ".html": _html,
}
