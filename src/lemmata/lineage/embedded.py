"""The figures inside an HTML report: each is a whole file with its own stamp."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path

from lemmata.errors import LemmataError

# As the engine writes it: data:image/png;charset=utf8;filename=cost.png;base64,iVBOR...
DATA_URI = re.compile(r"data:image/png;(?:[\w=-]+;)*?filename=([\w.-]+);base64,([A-Za-z0-9+/=]+)")


def extract_figures(report: Path, folder: Path) -> Iterator[Path]:
    """Write each figure of a report into a folder of its own below `folder`, and name it.

    Raises LemmataError for a figure that cannot be decoded.
    """
    found: dict[str, str] = {}
    for name, data in DATA_URI.findall(report.read_text(encoding="utf-8", errors="replace")):
        found.setdefault(data, name)
    for number, (data, name) in enumerate(found.items()):
        path = folder / str(number) / name
        path.parent.mkdir(parents=True)
        try:
            path.write_bytes(base64.b64decode(data, validate=True))
        except binascii.Error as error:
            raise LemmataError(f"{report}: figure {name} cannot be decoded ({error})") from error
        yield path
