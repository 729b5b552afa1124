"""The text of every module and script that has run, by its digest.

A record names its code by digests. With the texts kept here, what ran can be read, compared and run
again even where it was never committed. Same digest, same meaning: the first text seen is kept.
"""

from __future__ import annotations

import ast
from pathlib import Path

from lemmata.provenance.code import Code, module_path
from lemmata.provenance.files import write_atomic
from lemmata.provenance.syntax import tree_digest


def keep_sources(root: Path, script: Path, code: Code) -> None:
    """Keep the texts of a script and its modules below `root`, those that are not there yet."""
    keep(root, code.script, script)
    for name, digest in {**code.modules, **code.bystanders}.items():
        keep(root, digest, module_path(name))


def keep(root: Path, digest: str, path: Path) -> None:
    """Keep the text of one file, unless it was edited since its digest was taken."""
    target = _place(root, digest)
    if target.exists():
        return
    text = path.read_bytes()
    if tree_digest(ast.parse(text)) == digest:
        write_atomic(target, text)


def find(root: Path, digest: str) -> str | None:
    """The text with this digest; None where it was never kept, or is no longer what it was."""
    path = _place(root, digest)
    try:
        text = path.read_text(encoding="utf-8")
        return text if tree_digest(ast.parse(text)) == digest else None
    except (OSError, ValueError, SyntaxError):
        return None


def _place(root: Path, digest: str) -> Path:
    return root / "sources" / digest[:2] / f"{digest}.py"
