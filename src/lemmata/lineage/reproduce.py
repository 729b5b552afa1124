"""Making a figure again from its records: every job of the lineage, in a scratch folder.

Each job runs with the code of its own record, so a figure whose data were made at one commit and
drawn at another is made again as it was. The store is off: everything is computed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage import replay
from lemmata.lineage.audit import Auditor
from lemmata.lineage.checkout import check_digest, check_out
from lemmata.lineage.compare import Comparison, Outcome, Terms, compare
from lemmata.lineage.differences import Difference, mapping_differences, title
from lemmata.lineage.ledger import Entry, Ledger
from lemmata.lineage.texts import Texts
from lemmata.provenance import environment
from lemmata.provenance.digest import sha256_file

STORE_OFF = {"path": ".lemmata/store", "max_gib": 0}
RAW = "resources"
HARDWARE = ("cpu", "machine", "gpu")


@dataclass
class Again:
    """One job made again: where its code came from, and each of its outputs compared.

    failed: why it could not be run (empty where it could); copied: its recorded outputs were taken.
    """

    entry: Entry
    code: str = ""
    failed: str = ""
    copied: bool = False
    files: list[Comparison] = field(default_factory=list)


@dataclass
class Reproduction:
    """A lineage made again; software and hardware: what differs from the records."""

    jobs: list[Again]
    software: list[Difference]
    hardware: list[Difference]

    @property
    def files(self) -> list[Comparison]:
        """Every output compared, raw data first."""
        return [file for job in self.jobs for file in job.files]

    @property
    def status(self) -> int:
        """0: all identical, within tolerance or measurements; 1: some differ; 2: some not run."""
        if any(job.failed and not job.copied for job in self.jobs):
            return 2
        bad = (Outcome.DIFFERS, Outcome.UNKNOWN)
        return 1 if any(file.outcome in bad for file in self.files) else 0


def reproduce(
    figure: Path, scratch: Path, auditor: Auditor, texts: Texts, workers: int = 1
) -> Reproduction:
    """Run the lineage of `figure` again below `scratch` (an empty folder) and compare every file.

    texts: where old code is looked for; workers: jobs at a time. Raises LemmataError when the
    figure has no record.
    """
    levels = lineage(auditor.entry_of(figure), auditor.ledger)
    entries = [entry for level in levels for entry in level]
    runner = _Runner(scratch, texts)
    made: dict[Path, Again] = {}
    for level in levels:
        with ThreadPoolExecutor(workers) as pool:
            for again in pool.map(lambda entry: runner.run(entry, made), level):
                made[again.entry.path] = again
    records = [entry.record for entry in entries]
    return Reproduction(list(made.values()), _software(records), _hardware(records))


def lineage(entry: Entry, ledger: Ledger) -> list[list[Entry]]:
    """The jobs behind a record, itself last, in levels: each job after all that it reads."""
    levels: dict[Path, int] = {}
    entries: dict[Path, Entry] = {}

    def visit(item: Entry) -> int:
        if item.path not in levels:
            inputs = (ledger.beside(item.root / each["path"]) for each in item.record["inputs"])
            levels[item.path] = 1 + max((visit(e) for e in inputs if e is not None), default=0)
            entries[item.path] = item
        return levels[item.path]

    depth = visit(entry)
    return [[entries[p] for p, n in levels.items() if n == level] for level in range(1, depth + 1)]


class _Runner:
    """Runs jobs in one scratch folder: tree/ takes their files, code/ their code."""

    def __init__(self, scratch: Path, texts: Texts) -> None:
        self.tree = scratch / "tree"
        self.code = scratch / "code"
        self.texts = texts
        self.tree.mkdir()
        self._hardware = present_hardware()
        self._one = threading.Lock()  # jobs of one level share code folders

    def run(self, entry: Entry, made: Mapping[Path, Again]) -> Again:
        again = Again(entry)
        record = entry.record
        missing = [i["path"] for i in record["inputs"] if not (self.tree / i["path"]).exists()]
        try:
            for path in missing:
                self._take_raw(entry, path)
            with self._one:
                project, again.code = check_out(record, self.texts, self.code)
                check_digest(project, record)
            self._replay(record, project)
        except LemmataError as error:
            again.failed = str(error)
            if not self._take_raw_outputs(entry):
                return again
            again.copied = True  # raw data that cannot be had anew, but are what was recorded
        terms = self._terms(entry, made)
        for item in record["outputs"]:
            path = item["path"]
            again.files.append(compare(item, entry.root / path, self.tree / path, terms))
        return again

    def _terms(self, entry: Entry, made: Mapping[Path, Again]) -> Terms:
        record = entry.record
        paths = {item["path"] for item in record["inputs"]}
        behind = {
            file.path
            for job in made.values()
            for file in job.files
            if file.outcome is Outcome.MEASURED
        }
        measured = "machine" in record["tolerance"] or not behind.isdisjoint(paths)
        same = {key: record["hardware"][key] for key in HARDWARE} == self._hardware
        return Terms(record["tolerance"], same, measured)

    def _replay(self, record: Mapping[str, Any], project: Path) -> None:
        asked = {"record": record, "project": str(project), "store": STORE_OFF, "resources": {}}
        order = self.tree.parent / f"{record['fingerprint']}.json"
        order.write_text(json.dumps(asked))
        done = subprocess.run(  # noqa: S603 - our own script, a file of ours
            [sys.executable, "-P", str(Path(replay.__file__)), str(order)],
            cwd=self.tree,
            env={
                **os.environ,
                **record["place"]["environment"],
                "PYTHONPATH": str(project.resolve() / "src"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise LemmataError(lines[-1] if lines else f"ended with status {done.returncode}")

    def _take_raw(self, entry: Entry, path: str) -> None:
        """Take an input that no recorded job writes from where it lies, if it is what was read."""
        read = {item["path"]: item for item in entry.record["inputs"]}[path]
        if read["fingerprint"] is not None or not _copied(entry, read, self.tree):
            raise LemmataError(f"{path}: is not there to be read")

    def _take_raw_outputs(self, entry: Entry) -> bool:
        outputs = entry.record["outputs"]
        raw = all(Path(item["path"]).parts[0] == RAW for item in outputs)
        return raw and all(_copied(entry, item, self.tree) for item in outputs)


def _copied(entry: Entry, item: Mapping[str, Any], tree: Path) -> bool:
    source, target = entry.root / item["path"], tree / item["path"]
    if not source.is_file() or sha256_file(source) != item["sha256"]:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return True


def present_hardware() -> dict[str, Any]:
    """Processor and GPU of this machine, as records name them."""
    import torch  # a GPU is only seen through it

    torch.cuda.is_available()
    found = environment.hardware()
    return {key: found[key] for key in HARDWARE}


def _software(records: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Libraries (and Python) that are installed in another version than some job used."""
    found: dict[tuple[str, str], Difference] = {}
    for record in records:
        old = record["software"]
        new = {name: _version(name) for name in old}
        for difference in mapping_differences("software", old, new):
            found[difference.name, str(difference.old)] = difference
    return list(found.values())


def _version(name: str) -> str:
    if name == "python":
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _hardware(records: Sequence[Mapping[str, Any]]) -> list[Difference]:
    here = present_hardware()
    found: dict[str, Difference] = {}
    for record in records:
        old = {key: record["hardware"][key] for key in HARDWARE}
        for difference in mapping_differences("hardware", old, here):
            found[f"{difference.name} {difference.old}"] = difference
    return list(found.values())


def render(made: Reproduction) -> str:
    """What the records and this machine have in common, then each job with its files."""
    lines = [str(difference) for difference in (*made.software, *made.hardware)]
    same = "software and hardware as recorded"
    lines = lines or [same]
    for job in made.jobs:
        lines.append(f"{title(job.entry.record)}: {job.code or 'not run'}")
        if job.failed:
            lines.append(f"    {'recorded files taken' if job.copied else 'failed'}: {job.failed}")
        for file in job.files:
            detail = f": {file.detail}" if file.detail else ""
            lines.append(f"    {file.outcome.upper():10} {file.path}{detail}")
    counts = [(outcome, sum(f.outcome is outcome for f in made.files)) for outcome in Outcome]
    counted = ", ".join(f"{count} {outcome}" for outcome, count in counts if count)
    failed = sum(bool(job.failed) and not job.copied for job in made.jobs)
    ending = f"; {failed} jobs could not be run" if failed else ""
    lines.append(f"{len(made.files)} files of {len(made.jobs)} jobs: {counted or 'none'}{ending}")
    return "\n".join(lines)


def as_json(made: Reproduction) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "software": [str(difference) for difference in made.software],
        "hardware": [str(difference) for difference in made.hardware],
        "jobs": [
            {
                "job": title(job.entry.record),
                "fingerprint": job.entry.record["fingerprint"],
                "code": job.code,
                "failed": job.failed,
                "copied": job.copied,
                "files": [
                    {"path": f.path, "outcome": str(f.outcome), "detail": f.detail}
                    for f in job.files
                ],
            }
            for job in made.jobs
        ],
        "status": made.status,
    }
