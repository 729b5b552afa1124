"""What a crate says that no file in it can show: who, from which repository, under which licences.

Written from git and the registry of data sets; read back from the metadata by who checks a crate.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from lemmata.data.registry import DATASETS
from lemmata.lineage.crate.vocabulary import FREE, PUBLIC_DOMAIN, ROOT, SPDX, file_id

RAW = "resources"


@dataclass(frozen=True)
class Agent:
    """Who ran the workflow, as git knows them; never both None."""

    name: str | None
    email: str | None


@dataclass(frozen=True)
class Stated:
    """Facts from outside the tree.

    licences, citations: of raw files by path, as the registry words them.
    """

    agent: Agent | None = None
    repository: str | None = None
    licences: dict[str, str] = field(default_factory=dict)
    citations: dict[str, str] = field(default_factory=dict)


def stated_by_tree(root: Path, raw: Iterable[str]) -> Stated:
    """The facts for a tree. raw: paths of its raw files."""
    name, email = _git(root, "user.name"), _git(root, "user.email")
    sets = {path: DATASETS.get(PurePosixPath(path).parent.name) for path in raw}
    known = {path: found for path, found in sets.items() if found is not None}
    return Stated(
        agent=Agent(name, email) if name or email else None,
        repository=_public(_git(root, "remote.origin.url")),
        licences={path: found.licence for path, found in known.items()},
        citations={path: found.citation for path, found in known.items()},
    )


def stated_by_metadata(entities: Mapping[str, Mapping[str, Any]], raw: Mapping[str, str]) -> Stated:
    """The facts that a crate's metadata state. raw: identifier of each raw file by path."""
    author = entities.get(str(_id(entities.get(ROOT, {}).get("author"))))
    words = {f"{SPDX}{spdx}": licence for licence, spdx in FREE.items()}
    found = {path: entities.get(identifier, {}) for path, identifier in raw.items()}
    said = {path: _id(entity.get("license")) for path, entity in found.items()}
    return Stated(
        agent=None if author is None else Agent(author.get("name"), author.get("email")),
        repository=entities.get(file_id("Snakefile"), {}).get("url"),
        licences={path: words.get(text, text) for path, text in said.items() if text},
        citations={p: str(e["citation"]) for p, e in found.items() if "citation" in e},
    )


def may_be_passed_on(path: str) -> bool:
    """Whether the licence of a raw file lets anyone pass it on."""
    found = DATASETS.get(PurePosixPath(path).parent.name)
    return found is not None and found.licence in {*FREE, PUBLIC_DOMAIN}


def _id(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("@id")
    return value if isinstance(value, str) else None


def _public(address: str | None) -> str | None:
    """An https address without what may be a password in it; None for any other."""
    parts = urlsplit(address or "")
    if parts.scheme != "https" or not parts.hostname:
        return None
    return f"https://{parts.hostname}{parts.path}"


def _git(root: Path, key: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    words = [git, "-C", str(root), "config", "--get", key]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    return done.stdout.strip() or None
