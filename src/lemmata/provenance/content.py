"""Digests of what a file says, apart from the stamp inside it.

A stamp cannot hold the sha256 of the file that it stands in. It holds the digest of the content
instead: a table's columns, a picture's pixels or drawing, the tensors of a model. Whoever changes a
value must then change the stamp too, not only the record.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from PIL import Image

HTML_STAMP = re.compile(r'<meta name="lemmata:provenance" content="([^"]*)">\n')
SVG_METADATA = re.compile(rb"<metadata>.*?</metadata>", re.DOTALL)


def table_digest(table: pa.Table) -> str:
    """sha256 over names, types and values of the columns; metadata and layout on disk left out."""
    import pyarrow as pa  # each format's library loads only when its file is asked for

    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.combine_chunks()
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        kind = str(values.type).removeprefix("large_")
        digest.update(f"{name}\0{kind}\0{len(values)}\0{values.null_count}\0".encode())
        if pa.types.is_primitive(values.type) and not values.null_count:
            digest.update(values.to_numpy(zero_copy_only=False).tobytes())
        else:
            text = json.dumps(values.to_pylist(), ensure_ascii=False, default=str)
            digest.update(text.encode(errors="surrogatepass"))
    return digest.hexdigest()


def pixels_digest(image: Image.Image) -> str:
    """sha256 over size, mode and pixels of a picture."""
    head = f"{image.mode} {image.size[0]}x{image.size[1]}\0".encode()
    return hashlib.sha256(head + image.tobytes()).hexdigest()


def svg_digest(content: bytes) -> str:
    """sha256 over an SVG file without its metadata element."""
    return hashlib.sha256(SVG_METADATA.sub(b"", content, count=1)).hexdigest()


def stamped_page(page: str, stamp: Mapping[str, Any]) -> str:
    """An HTML page with the stamp, and the digest of the page without it, in its head."""
    said = json.dumps({**stamp, "content": page_digest(page)}, sort_keys=True)
    meta = f'<meta name="lemmata:provenance" content="{html.escape(said)}">\n'
    return page.replace("</head>", f"{meta}</head>", 1)


def page_digest(page: str) -> str:
    """sha256 over an HTML page without its stamp."""
    return hashlib.sha256(HTML_STAMP.sub("", page, count=1).encode()).hexdigest()


def tensors_digest(content: bytes) -> str:
    """sha256 over a safetensors file's tensors: names, types, shapes and values."""
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    header.pop("__metadata__", None)
    said = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(said + b"\0" + content[8 + size :]).hexdigest()


def content_digest(path: Path) -> str | None:
    """Digest of a file's content by its suffix; None for kinds that carry no stamp."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with path.open("rb") as stream:
            return table_digest(pq.read_table(stream))
    if path.suffix == ".png":
        from PIL import Image

        with Image.open(path) as image:
            return pixels_digest(image)
    if path.suffix == ".svg":
        return svg_digest(path.read_bytes())
    if path.suffix == ".safetensors":
        return tensors_digest(path.read_bytes())
    if path.suffix == ".html":
        return page_digest(path.read_text(encoding="utf-8"))
    return None
