"""What source files were found to say before, kept beside the store: a file is parsed but once.

The engine keeps what it found and its jobs look it up. Nothing else does: an audit parses anew. An
entry is named by what it follows from: the file's bytes, the version of Python, and the code that
reads syntax trees. So an edited file is another file, and losing all this costs only time.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.provenance import syntax
from lemmata.provenance.digest import sha256_json
from lemmata.provenance.files import write_atomic
from lemmata.provenance.syntax import Facts, facts_of

KNOWN = Path(".lemmata/code.json")
MOST = 5000  # entries, a megabyte; what edits left behind is dropped beyond that


class _Known:
    """What is known in this process; entries by name, as plain data. Off until looked up."""

    def __init__(self) -> None:
        self.on = False
        self.before: dict[str, Any] = {}
        self.used: dict[str, Any] = {}


_known = _Known()


def look_up() -> None:
    """Use what an earlier process in this working directory kept, if that is whole."""
    _known.on = True
    try:
        kept = json.loads(KNOWN.read_bytes())
        if kept["digest"] == sha256_json(kept["files"]):
            _known.before = kept["files"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        _known.before = {}


def keep() -> None:
    """Keep what this process found beside what it looked up; nothing is written if all was known.

    A folder where nothing can be written is no error: the next process parses again.
    """
    if _known.used.keys() <= _known.before.keys():
        return
    files = _known.before | _known.used
    files = files if len(files) <= MOST else _known.used
    try:
        write_atomic(KNOWN, json.dumps({"digest": sha256_json(files), "files": files}).encode())
    except OSError:
        return
    _known.before = dict(files)


def facts(path: Path, package: str = "") -> Facts:
    """What the file says, by `syntax.facts_of` or as it was found before.

    LemmataError where it cannot be read or is not valid Python.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LemmataError(f"{path}: cannot be read ({error.strerror})") from error
    if not _known.on:
        return facts_of(path, content, package)
    name = hashlib.sha256(b"\0".join((_reader(), package.encode(), content))).hexdigest()
    entry = _known.before.get(name)
    if entry is None:
        found = facts_of(path, content, package)
        entry = {"imports": sorted(found.imports), "digest": found.digest}
    _known.used[name] = entry
    return Facts(frozenset(entry["imports"]), entry["digest"])


@functools.cache
def _reader() -> bytes:
    """What reads: this Python's syntax and our own code that tells of trees."""
    code = hashlib.sha256(Path(syntax.__file__).read_bytes()).hexdigest()
    return f"{sys.version_info[:2]} {code}".encode()
