"""Why each job would run, from its record against the present tree; also what the engine misses.

The engine compares dates, sets of params and its own notes; a record names what it was made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lemmata.lineage.checks import check_output, check_record
from lemmata.lineage.definitions import changed_definitions
from lemmata.lineage.differences import Difference, job_differences, title
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.ledger import Entry, Ledger, absolute
from lemmata.lineage.texts import Texts


@dataclass
class Reason:
    """Why one job is stale. engine: whether the engine would run it by itself."""

    job: str
    record: str
    outputs: list[str]
    engine: bool
    reasons: list[str] = field(default_factory=list)
    follows: list[str] = field(default_factory=list)  # inputs that other stale jobs will rewrite

    @property
    def unseen(self) -> bool:
        """Stale, but the engine would leave it as it is."""
        return bool(self.reasons) and not self.engine


def why(
    planned: Mapping[str, Mapping[str, Any]], root: Path, hashes: Hashes, texts: Texts
) -> list[Reason]:
    """Every stale job of the plan, raw data first.

    planned: `present.planned_jobs` of `root`; texts: where the texts of old modules are found.
    """
    ledger = Ledger()
    found: list[Reason] = []
    rewritten: set[str] = set()
    for job in planned.values():
        entry = _entry(job, root, ledger)
        reason = Reason(title(job), job["record"], job["outputs"], job["needrun"])
        reason.reasons = list(_reasons(job, entry, root, hashes, texts, rewritten))
        reason.follows = [path for path in job["inputs"] if path in rewritten]
        if reason.reasons or reason.follows or reason.engine:
            if not reason.reasons and not reason.follows:
                reason.reasons.append(f"the engine says: {job['reason']}")
            found.append(reason)
            rewritten.update(job["outputs"])
    return found


def _entry(job: Mapping[str, Any], root: Path, ledger: Ledger) -> Entry | None:
    path = absolute(root / job["record"])
    return next((e for e in ledger.folder(path.parent) if e.path == path), None)


def _reasons(
    job: Mapping[str, Any],
    entry: Entry | None,
    root: Path,
    hashes: Hashes,
    texts: Texts,
    rewritten: set[str],
) -> Iterator[str]:
    if entry is None:
        there = [path for path in job["outputs"] if (root / path).exists()]
        yield f"{there[0]} is there without a record" if there else "never ran"
        return
    yield from (f"record {problem.text}" for problem in check_record(entry))
    if entry.content is None:
        return
    for difference in job_differences(entry.content, job):
        yield describe(difference, entry.content, job, texts)
    yield from _input_reasons(job, entry, root, hashes, rewritten)
    for item in entry.content["outputs"]:
        for problem in check_output(entry, item, root / item["path"], hashes):
            yield f"output {problem}"
    if not job["metadata"]:
        yield "the engine has lost its notes on this job (.snakemake/metadata): it compares dates"


def describe(
    difference: Difference, old: Mapping[str, Any], new: Mapping[str, Any], texts: Texts
) -> str:
    """A difference in words: of a module, the functions that changed where its texts are kept."""
    if difference.kind != "code":
        return str(difference)
    before = texts.text(difference.name, difference.old, old.get("git"))
    after = texts.text(difference.name, difference.new, new.get("git"))
    if before is None or after is None:
        return str(difference)
    return f"code {difference.name}: {', '.join(changed_definitions(before, after))}"


def _input_reasons(
    job: Mapping[str, Any], entry: Entry, root: Path, hashes: Hashes, rewritten: set[str]
) -> Iterator[str]:
    read = {item["path"]: item["sha256"] for item in entry.record["inputs"]}
    for path in (p for p in job["inputs"] if p not in read):
        yield f"input {path}: new"
    for path in (p for p in read if p not in job["inputs"]):
        yield f"input {path}: no longer read"
    for path in (p for p in job["inputs"] if p in read and p not in rewritten):
        facts = hashes.facts(root / path)
        if facts is None:
            yield f"input {path}: missing"
        elif facts.sha256 != read[path]:
            yield f"input {path}: content {read[path][:12]} -> {facts.sha256[:12]}"


def render(reasons: Sequence[Reason]) -> str:
    """Stale jobs with their reasons, those with equal ones together; what follows is counted."""
    alike: dict[tuple[str, ...], list[Reason]] = {}
    followers: dict[str, int] = {}
    for reason in reasons:
        rule = reason.job.partition(" ")[0]
        if reason.reasons:
            alike.setdefault((rule, str(reason.unseen), *reason.reasons), []).append(reason)
        else:
            followers[rule] = followers.get(rule, 0) + 1
    lines: list[str] = []
    for (rule, _, *texts), jobs in alike.items():
        told = jobs[0].job if len(jobs) == 1 else f"{rule}: {len(jobs)} jobs, as {jobs[0].job}"
        lines.append(told + ("   <- unseen by the engine" if jobs[0].unseen else ""))
        lines += [f"    {text}" for text in texts]
    if followers:
        counted = ", ".join(f"{rule} {count}" for rule, count in followers.items())
        lines.append(f"and what follows from these: {counted}")
    return "\n".join(lines)


def forced(reasons: Sequence[Reason]) -> list[str]:
    """One output of each job that the engine must be told to run (``--forcerun``)."""
    return [reason.outputs[0] for reason in reasons if reason.unseen]
