"""Why two figures, or two runs, differ: where their lineages part, in the order of the lineage.

Jobs are paired from the files asked for down to the raw data, by the names that the rules give to
inputs. Of each pair only its own doing counts (code, configuration, seeds, software, raw data), not
what it inherits, so the list is short: undo these and the results agree.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.definitions import changed_definitions
from lemmata.lineage.differences import (
    ABSENT,
    Difference,
    job_differences,
    mapping_differences,
    title,
)
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.ledger import Entry, Ledger, absolute
from lemmata.lineage.texts import Texts
from lemmata.provenance.record import RECORD

Account = Mapping[str, Any]  # a record, or a planned job


@dataclass
class Found:
    """A difference, the job where it entered the lineage, and the jobs that share it."""

    difference: Difference
    job: str
    depth: int  # of that job: the longest way to the raw data
    git: tuple[Account | None, Account | None]
    others: list[str] = field(default_factory=list)


class Side:
    """One of the two lineages: records of a tree, or what the present tree plans."""

    def __init__(
        self, root: Path, ledger: Ledger, hashes: Hashes, planned: Mapping[str, Account] | None
    ) -> None:
        self.root = root
        self.planned = planned
        self.hashes = hashes
        self._ledger = ledger
        self._depths: dict[str, int] = {}
        self._writers = {path: job for job in (planned or {}).values() for path in job["outputs"]}

    def writer(self, path: str) -> Account | None:
        """The job that writes a file of this side; None for a file that no job wrote."""
        if self.planned is not None:
            return self._writers.get(path)
        entry = self._ledger.beside(self.root / path)
        return None if entry is None else entry.record

    def depth(self, job: Account) -> int:
        """The longest way from a job to the raw data, in jobs."""
        key = name_of(job)
        if key not in self._depths:
            paths = [p for value in job["layout"]["input"].values() for p in _listed(value)]
            writers = [writer for writer in map(self.writer, paths) if writer is not None]
            self._depths[key] = 1 + max(map(self.depth, writers), default=0)
        return self._depths[key]

    def digest(self, job: Account, path: str) -> str | None:
        """sha256 of an input as the job read it, or as it lies in the present tree."""
        if self.planned is None:
            read = {item["path"]: item["sha256"] for item in job["inputs"]}
            return read.get(path)
        facts = self.hashes.facts(self.root / path)
        return None if facts is None else facts.sha256


def recorded(entry: Entry, ledger: Ledger, hashes: Hashes) -> Side:
    """The lineage of a record."""
    return Side(entry.root, ledger, hashes, None)


def explain(
    pairs: list[tuple[Account | None, Account | None]], old: Side, new: Side
) -> list[Found]:
    """Differences behind pairs of jobs, in the order in which they entered the lineage.

    A job that stands alone (None on the other side) is a difference of kind "job".
    """
    walk = _Walk(old, new)
    for before, after in pairs:
        walk.visit(before, after)
    return sorted(walk.found.values(), key=lambda item: item.depth)


class _Walk:
    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new
        self.found: dict[tuple[str, ...], Found] = {}
        self._seen: set[tuple[str, str]] = set()

    def visit(self, before: Account | None, after: Account | None) -> None:
        if before is None or after is None:
            self._alone(before, after)
            return
        key = (name_of(before), name_of(after))
        if key in self._seen or _same(before, after):
            return
        self._seen.add(key)
        for name, first, second in _paired_inputs(before, after):
            self._input(name, (before, first), (after, second))
        for difference in [*job_differences(before, after), *_hardware(before, after)]:
            self._note(difference, before, after)

    def _input(
        self, name: str, old: tuple[Account, str | None], new: tuple[Account, str | None]
    ) -> None:
        first = None if old[1] is None else self.old.writer(old[1])
        second = None if new[1] is None else self.new.writer(new[1])
        if first is not None or second is not None:
            self.visit(first, second)
            return
        digests = [
            ABSENT if path is None else side.digest(job, path) or ABSENT
            for side, (job, path) in ((self.old, old), (self.new, new))
        ]
        if digests[0] != digests[1]:
            difference = Difference("data", str(new[1] or old[1] or name), *digests)
            self._note(difference, old[0], new[0])

    def _alone(self, before: Account | None, after: Account | None) -> None:
        there = before if before is not None else after
        if there is None:
            return
        said = [ABSENT if side is None else title(side) for side in (before, after)]
        self._note(Difference("job", there["rule"], *said), before, after)

    def _note(self, difference: Difference, before: Account | None, after: Account | None) -> None:
        key = (difference.kind, difference.name, repr(difference.old), repr(difference.new))
        there = after if after is not None else before
        if there is None:
            return
        side = self.new if after is not None else self.old
        name, depth = title(there), side.depth(there)
        known = self.found.get(key)
        if known is None:
            self.found[key] = Found(difference, name, depth, (before, after))
        else:
            known.others.append(name)


def name_of(job: Account) -> str:
    """What tells a job from all others of its tree: the path of its record."""
    return str(job["layout"]["output"][RECORD])


def _same(before: Account, after: Account) -> bool:
    """Records of one computation with one outcome: nothing below them matters."""
    if "fingerprint" not in before or "fingerprint" not in after:
        return False
    digests = [[item["sha256"] for item in job["outputs"]] for job in (before, after)]
    return bool(before["fingerprint"] == after["fingerprint"] and digests[0] == digests[1])


def _hardware(before: Account, after: Account) -> list[Difference]:
    if "hardware" not in before or "hardware" not in after:
        return []  # the present tree has not run
    names = ("cpu", "machine", "gpu")
    old, new = ({k: job["hardware"][k] for k in names} for job in (before, after))
    found = mapping_differences("hardware", old, new)
    if before["threads"] != after["threads"]:
        found.append(Difference("hardware", "threads", before["threads"], after["threads"]))
    if not found and before["fingerprint"] == after["fingerprint"]:
        return [Difference("outcome", before["rule"], "one outcome", "another, from equal causes")]
    return found


def _paired_inputs(before: Account, after: Account) -> Iterator[tuple[str, str | None, str | None]]:
    """Inputs of the same name; those of a list by their path below the scale, else one by one."""
    old, new = before["layout"]["input"], after["layout"]["input"]
    for name in dict.fromkeys([*old, *new]):
        first, second = _listed(old.get(name)), _listed(new.get(name))
        if len(first) == len(second) == 1:
            yield name, first[0], second[0]
            continue
        left, right = ({plain(path): path for path in paths} for paths in (first, second))
        for key in dict.fromkeys([*left, *right]):
            yield name, left.get(key), right.get(key)


def _listed(paths: str | list[str] | None) -> list[str]:
    return [] if paths is None else [paths] if isinstance(paths, str) else list(paths)


def plain(path: str) -> str:
    """A path without its scale: ``results/<scale>/x`` gives ``results/x``."""
    parts = Path(path).parts
    return str(Path(parts[0], *parts[2:])) if parts[0] == "results" and len(parts) > 2 else path


def render(found: list[Found], texts: tuple[Texts, Texts], diff: bool = True) -> str:
    """Numbered differences, each with where it entered; code as functions and a unified diff."""
    if not found:
        return "identical"
    lines: list[str] = []
    for number, item in enumerate(found, start=1):
        more = f" and {len(item.others)} more jobs" if item.others else ""
        change = _code(item, texts) if item.difference.kind == "code" else None
        told = str(item.difference) if change is None else change[0]
        lines += [f"{number}. {told}", f"   entered at {item.job}{more}"]
        if change is not None and diff:
            lines += [f"   {line}" for line in change[1]]
    return "\n".join(lines)


def _code(item: Found, texts: tuple[Texts, Texts]) -> tuple[str, list[str]] | None:
    d = item.difference
    states = [None if job is None else job.get("git") for job in item.git]
    old, new = (
        "" if digest == ABSENT else side.text(d.name, digest, git)
        for side, digest, git in zip(texts, (d.old, d.new), states, strict=True)
    )
    if old is None or new is None:
        return None
    names = ", ".join(changed_definitions(old, new))
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"old/{d.name}", f"new/{d.name}", lineterm="", n=2
    )
    return f"code {d.name}: {names}", list(lines)


def runs(ledger: Ledger, old: Path, new: Path) -> list[tuple[Account | None, Account | None]]:
    """Pairs of jobs of two results folders, by the path of their record in them."""
    sides = []
    for folder in (old, new):
        entries = {str(e.path.relative_to(absolute(folder))): e for e in ledger.all(folder)}
        if not entries:
            raise LemmataError(f"{folder}: holds no records")
        sides.append(entries)
    names = dict.fromkeys([*sides[0], *sides[1]])
    pairs: list[tuple[Account | None, Account | None]] = []
    for name in names:
        before, after = (side[name].record if name in side else None for side in sides)
        pairs.append((before, after))
    return pairs
