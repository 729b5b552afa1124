"""The text of a module or script that a record names by its digest, wherever it still is."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lemmata.provenance.sources import find
from lemmata.provenance.syntax import tree_digest


class Texts:
    """Looks in the store, in the tree at `root` as it lies there, and in its git history."""

    def __init__(self, root: Path, store: Path | None = None) -> None:
        self.root = root
        self.store = store

    def text(self, name: str, digest: str, git: Mapping[str, Any] | None = None) -> str | None:
        """Text of module or script `name` whose digest is `digest`; None where it is lost.

        git: the state that the record names.
        """
        if self.store is not None:
            kept = find(self.store, digest)
            if kept is not None:
                return kept
        commit = None if git is None else git["commit"]
        for text in self._candidates(name, commit):
            if text_digest(text) == digest:
                return text
        return None

    def _candidates(self, name: str, commit: str | None) -> Iterator[str]:
        for path in places(name):
            here = self.root / path
            if here.is_file():
                yield here.read_text(encoding="utf-8", errors="surrogateescape")
            if commit is not None:
                committed = _git_show(self.root, commit, path)
                if committed is not None:
                    yield committed


def places(name: str) -> list[str]:
    """Where a module (dotted) or script (path) lies below the project's folder."""
    if "/" in name:
        return [name]
    path = "src/" + name.replace(".", "/")
    return [f"{path}.py", f"{path}/__init__.py"]


def _git_show(root: Path, commit: str, path: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(root), "show", f"{commit}:./{path}"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - from a record
    return done.stdout.decode(errors="surrogateescape") if done.returncode == 0 else None


def text_digest(text: str) -> str | None:
    """The digest of a module's text; None for one that is not Python."""
    try:
        return tree_digest(ast.parse(text))
    except (SyntaxError, ValueError):
        return None
