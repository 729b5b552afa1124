"""What can be wrong with one job: its record, its files, and what it read.

Four accounts must agree: the bytes on disk, the record of the job that wrote them, the stamp inside
them, and what the next job noted when it read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lemmata.lineage.differences import job_differences
from lemmata.lineage.hashes import Facts, Hashes
from lemmata.lineage.ledger import Entry, Ledger
from lemmata.provenance.digest import sha256_json
from lemmata.provenance.embed import READERS
from lemmata.provenance.record import fingerprint_of

STAMPED_BELOW = "results"


class Status(StrEnum):
    """How a file or job stands, from sound to worst."""

    INTACT = "intact"
    STALE = "stale"  # what it says is true, but config or code have moved on
    CHANGED = "changed"  # other bytes than its record says
    MISSING = "missing"
    FORGED = "forged"  # two accounts of it contradict each other


@dataclass(frozen=True)
class Problem:
    """Something wrong, with the file that it is about."""

    status: Status
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.status}: {self.text}"


def check_record(entry: Entry) -> Iterator[Problem]:
    """Whether the record itself is whole."""
    if entry.content is None:
        forged = "changed after" in entry.problem or "damaged" in entry.problem
        text = entry.problem.partition(": ")[2] or entry.problem
        yield Problem(Status.FORGED if forged else Status.MISSING, str(entry.path), text)
    elif fingerprint_of(entry.content) != entry.content["fingerprint"]:
        yield Problem(
            Status.FORGED, str(entry.path), "the fingerprint does not follow from the record"
        )


def check_output(
    entry: Entry, item: Mapping[str, Any], path: Path, hashes: Hashes
) -> list[Problem]:
    """One output of a job, lying at `path`: bytes, stamp, content."""
    facts = hashes.facts(path)
    if facts is None:
        return [Problem(Status.MISSING, item["path"], f"{entry.record['rule']} wrote it")]
    problems = []
    if facts.sha256 != item["sha256"]:
        text = f"content differs from its record {entry.path.name}"
        problems.append(Problem(Status.CHANGED, item["path"], text))
        if facts.problem:
            return problems  # damaged: nothing more can be said of it
    found = (Problem(Status.FORGED, item["path"], t) for t in _stamp(entry.record, item, facts))
    return [*problems, *found]


def _stamp(record: Mapping[str, Any], item: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    path = Path(item["path"])
    if facts.problem:
        yield facts.problem
        return
    if facts.stamp is None:
        if path.suffix in READERS and path.parts[0] == STAMPED_BELOW:
            yield "carries no stamp, though its job writes one"
        return
    stamp = facts.stamp
    if stamp.get("fingerprint") != record["fingerprint"]:
        yield "the stamp inside and the record name different jobs"
        return
    if facts.content is not None and stamp.get("content") != facts.content:
        yield "the stamp inside was made for other content"
    said = {
        "rule": record["rule"],
        "cfg_sha256": sha256_json(record["cfg"]),
        "code": record["code"]["digest"],
        "inputs": {entry["path"]: entry["sha256"] for entry in record["inputs"]},
    }
    yield from (f"stamp and record differ in {k}" for k, v in said.items() if stamp.get(k) != v)
    drawn = record["layout"]["output"].get("data")
    if "table" in stamp and isinstance(drawn, str):
        written = {entry["path"]: entry["sha256"] for entry in record["outputs"]}
        if stamp["table"] != written.get(drawn):
            yield f"draws another table than the record says of {Path(drawn).name}"


def check_input(
    entry: Entry, item: Mapping[str, Any], ledger: Ledger, hashes: Hashes
) -> tuple[Entry | None, list[Problem]]:
    """One input of a job: the record of the job that wrote it, and what is wrong with it."""
    path = entry.root / item["path"]
    facts = hashes.facts(path)
    writer = ledger.beside(path)
    problems = []
    if facts is None:
        problems.append(Problem(Status.MISSING, item["path"], f"{entry.record['rule']} read it"))
    if item["fingerprint"] is None:
        if facts is not None and facts.sha256 != item["sha256"]:
            text = f"content differs from what {entry.record['rule']} read"
            problems.append(Problem(Status.CHANGED, item["path"], text))
        return writer, problems
    if writer is None:
        text = f"the record of its job {item['fingerprint'][:12]} is gone"
        problems.append(Problem(Status.MISSING, item["path"], text))
        return None, problems
    if writer.content is not None:
        written = {out["path"]: out["sha256"] for out in writer.content["outputs"]}
        if written.get(item["path"]) != item["sha256"]:
            problems.append(_other_bytes(entry, item, writer))
    return writer, problems


def _other_bytes(entry: Entry, item: Mapping[str, Any], writer: Entry) -> Problem:
    rule = entry.record["rule"]
    if writer.record["fingerprint"] == item["fingerprint"]:
        text = (
            f"{writer.path.name} says other bytes were written than {rule} read from the same job"
        )
        return Problem(Status.FORGED, item["path"], text)
    old, new = item["fingerprint"][:12], writer.record["fingerprint"][:12]
    text = f"{rule} read what job {old} wrote; since then job {new} has written it anew"
    return Problem(Status.STALE, entry.record["outputs"][0]["path"], text)


def check_stale(entry: Entry, planned: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Whether the present tree would run the job as the record says it ran."""
    record = entry.record
    name = str(entry.path.relative_to(entry.root))
    shown = record["outputs"][0]["path"]
    job = planned.get(name)
    if job is None:
        yield Problem(Status.STALE, shown, "the present configuration asks for no such file")
        return
    for difference in job_differences(record, job):
        yield Problem(Status.STALE, shown, f"has moved on since: {difference}")
    if [item["path"] for item in record["inputs"]] != job["inputs"]:
        yield Problem(Status.STALE, shown, "has moved on since: reads other files")
