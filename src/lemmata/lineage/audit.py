"""Verifying files: from a figure through every job of its lineage down to the raw data.

`Auditor` checks each job once, however many files lead to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.checks import (
    Problem,
    Status,
    check_input,
    check_output,
    check_record,
    check_stale,
)
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.ledger import Entry, Ledger, walk
from lemmata.provenance.record import SUFFIX

FOLDERS = ("results", "resources")
# The engine's report and crates are made from a finished tree, by no job of it.
MADE_AFTER = ("report.html", "report.zip", ".crate.zip")


@dataclass
class Node:
    """A file of a lineage with the job that wrote it (None for a file that no job wrote)."""

    path: str
    sha256: str
    entry: Entry | None = None
    problems: list[Problem] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    repeated: bool = False  # shown in full elsewhere in the tree

    @property
    def status(self) -> Status:
        """The worst that was found of this file and its job."""
        return worst(self.problems)

    @property
    def record(self) -> dict[str, Any] | None:
        """The record of the job, where it is whole."""
        return None if self.entry is None else self.entry.content

    def walk(self) -> Iterator[Node]:
        """This node and all below it, each job's inputs before the job (raw data first)."""
        for child in self.children:
            yield from child.walk()
        yield self

    def found(self) -> list[Problem]:
        """Every problem of the lineage, raw data first."""
        return list(dict.fromkeys(p for node in self.walk() for p in node.problems))


def worst(problems: list[Problem]) -> Status:
    """The worst status; intact where there is no problem."""
    order = list(Status)
    return max((p.status for p in problems), key=order.index, default=Status.INTACT)


class Auditor:
    """Checks files and jobs, each once.

    records: where the record of a lone copy is looked for; planned: the jobs of the present tree by
    record (empty: staleness is not asked).
    """

    def __init__(
        self,
        hashes: Hashes,
        records: Path = Path(),
        planned: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.ledger = Ledger()
        self.hashes = hashes
        self.records = records
        self.planned = planned
        self._jobs: dict[Path, list[Problem]] = {}

    def is_known(self, path: Path) -> bool:
        """Whether a record lies beside the file, or a stamp inside it names one."""
        facts = self.hashes.facts(path)
        return self.ledger.beside(path) is not None or bool(facts and facts.stamp)

    def entry_of(self, path: Path) -> Entry:
        """The record that speaks of a file, beside it or found by its stamp.

        Raises LemmataError when the file is missing, or nothing says where it comes from.
        """
        facts = self.hashes.facts(path)
        if facts is None or not path.is_file():
            raise LemmataError(f"{path}: no such file")
        beside = self.ledger.beside(path)
        if beside is not None:
            return beside
        if facts.stamp is None:
            raise LemmataError(f"{path}: has no record beside it and no provenance stamp inside")
        named = facts.stamp["fingerprint"]
        entry = self.ledger.find(named, self.records)
        if entry is None:
            raise LemmataError(f"{path}: no record of job {named[:12]} under {self.records}")
        return entry

    def lineage(self, path: Path) -> Node:
        """Verify a file and everything that it descends from; raises as `entry_of` does."""
        facts = self.hashes.facts(path)
        if facts is not None and facts.problem and self.ledger.beside(path) is None:
            damage = Problem(Status.CHANGED, str(path), facts.problem)
            return Node(str(path), facts.sha256, None, [damage])
        entry = self.entry_of(path)
        node = Node(str(path), facts.sha256 if facts else "", entry)
        node.problems += self.job(entry)
        if entry.content is not None and not _is_own(path, entry):
            node.problems += self._copy(path, entry)
        self._descend(node, entry, set())
        return node

    def _copy(self, path: Path, entry: Entry) -> list[Problem]:
        """A file that lies elsewhere than its record says: it must be one of the job's outputs."""
        outputs = entry.record["outputs"]
        named = [item for item in outputs if Path(item["path"]).name == path.name]
        found = [
            check_output(entry, {**item, "path": str(path)}, path, self.hashes)
            for item in named or outputs
        ]
        return min(found, key=len)

    def _descend(self, node: Node, entry: Entry, seen: set[Path]) -> None:
        if entry.content is None:
            return
        if entry.path in seen:
            node.repeated = True
            return
        seen.add(entry.path)
        for item in entry.content["inputs"]:
            writer, problems = check_input(entry, item, self.ledger, self.hashes)
            child = Node(item["path"], item["sha256"], writer, problems)
            node.children.append(child)
            if writer is not None:
                child.problems += self.job(writer)
                self._descend(child, writer, seen)

    def job(self, entry: Entry) -> list[Problem]:
        """What is wrong with a job and its outputs, apart from its inputs."""
        if entry.path not in self._jobs:
            self._jobs[entry.path] = list(self._check(entry))
        return self._jobs[entry.path]

    def _check(self, entry: Entry) -> Iterator[Problem]:
        yield from check_record(entry)
        if entry.content is None:
            return
        for item in entry.content["outputs"]:
            yield from check_output(entry, item, entry.root / item["path"], self.hashes)
        if self.planned is not None:
            yield from check_stale(entry, self.planned)

    def everything(self, root: Path) -> tuple[list[Problem], int]:
        """Verify every job below `root`, and that no file is without one; the files' number too."""
        problems: list[Problem] = []
        files: set[Path] = set()
        for entry in (e for folder in FOLDERS for e in self.ledger.all(root / folder)):
            problems += self.job(entry)
            if entry.content is None:
                continue
            files |= {(entry.root / item["path"]).resolve() for item in entry.content["outputs"]}
            for item in entry.content["inputs"]:
                problems += check_input(entry, item, self.ledger, self.hashes)[1]
        problems += (
            Problem(Status.MISSING, str(path.relative_to(root)), "no record speaks of it")
            for path in _files(root)
            if path.resolve() not in files
        )
        return list(dict.fromkeys(problems)), len(files)


def _files(root: Path) -> Iterator[Path]:
    """Files that should have a record: none hidden, no records, no report of the engine."""
    for folder in FOLDERS:
        for here, names in walk(root / folder):
            hidden = any(part.startswith(".") for part in here.relative_to(root).parts)
            for name in () if hidden else names:
                if not name.startswith(".") and not name.endswith((SUFFIX, *MADE_AFTER)):
                    yield here / name


def _is_own(path: Path, entry: Entry) -> bool:
    outputs = {(entry.root / item["path"]).resolve() for item in entry.record["outputs"]}
    return path.resolve() in outputs
