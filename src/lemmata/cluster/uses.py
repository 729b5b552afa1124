"""What the finished jobs of a results folder asked for and used, from their records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.ledger import absolute, walk
from lemmata.provenance.record import SUFFIX, fingerprint_of, read_record
from lemmata.provenance.slurm import gpus_asked


@dataclass(frozen=True)
class Use:
    """One finished job of the DAG; None for what was not asked for or is not known.

    asked_mb, limit_min, gpus: the resources of the rule; wall_s: of its work, process_s: with the
    imports before it, to which cpu_s belongs; slurm_id: the SLURM job that it ran in,
    perhaps with others; submitted, allotted: when that SLURM job was queued and began.
    """

    path: str
    rule: str
    asked_mb: float | None
    limit_min: float | None
    gpus: int
    threads: int
    wall_s: float
    process_s: float
    cpu_s: float
    peak_mib: float
    gpu_peak_mib: float | None
    started: datetime
    ended: datetime
    slurm_id: str | None
    submitted: datetime | None
    allotted: datetime | None


@dataclass(frozen=True)
class Failure:
    """A failed attempt: its rule, and the SLURM job that it ran in."""

    rule: str
    slurm_id: str | None


def read_uses(folder: Path) -> tuple[list[Use], list[str]]:
    """Jobs below a folder by path, and one line for each record that cannot be believed.

    Raises LemmataError when there is no such folder, or no record in it.
    """
    if not folder.is_dir():
        raise LemmataError(f"{folder}: no such folder")
    uses, wrong = [], []
    for here, files in walk(folder):
        for path in (here / name for name in files if name.endswith(SUFFIX)):
            try:
                uses.append(_use(path))
            except LemmataError as error:
                wrong.append(str(error))
    if not uses and not wrong:
        raise LemmataError(f"{folder}: holds no records")
    return uses, wrong


def _use(path: Path) -> Use:
    record = read_record(path)
    try:
        forged = fingerprint_of(record) != record["fingerprint"]
        use = None if forged else _told(path, record)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise LemmataError(f"{path}: is no record of a job ({reason})") from error
    if use is None:
        raise LemmataError(f"{path}: its fingerprint is not that of its content")
    return use


def _told(path: Path, record: Mapping[str, Any]) -> Use:
    asked, slurm = record["resources"], record["place"].get("slurm", {})
    started, ended = _instant(record["started"]), _instant(record["ended"])
    if ended < started:
        raise ValueError("ended before it started")
    return Use(
        path=str(path),
        rule=_text(record["rule"]),
        asked_mb=_number(asked.get("mem_mb")),
        limit_min=_number(asked.get("runtime")),
        gpus=gpus_asked(asked),
        threads=max(1, int(_need(record["threads"]))),
        wall_s=_need(record["wall_s"]),
        process_s=_need(record.get("process_s", record["wall_s"])),
        cpu_s=_need(record["cpu_s"]),
        peak_mib=_need(record["peak_memory_mib"]),
        gpu_peak_mib=_number(record.get("gpu_peak_memory_mib")),
        started=started,
        ended=ended,
        slurm_id=None if "job_id" not in slurm else _text(slurm["job_id"]),
        submitted=_instant(slurm["submitted"]) if "submitted" in slurm else None,
        allotted=_instant(slurm["job_started"]) if "job_started" in slurm else None,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _number(value: Any) -> float | None:
    """A count or amount; what is none (an expression that was never evaluated) is not known."""
    return None if isinstance(value, bool) or not isinstance(value, int | float) else float(value)


def _need(value: Any) -> float:
    number = _number(value)
    if number is None or not 0 <= number < float("inf"):
        raise ValueError(f"{value!r} is not an amount")
    return number


def _instant(value: Any) -> datetime:
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return time


def failures(folder: Path) -> list[Failure]:
    """Failed attempts of the jobs of results/<scale>, from the files beside logs/<scale>.

    Lines that a crash cut short are passed over.
    """
    here = absolute(folder)
    logs = here.parent.parent / "logs" / here.name
    found = []
    for below, files in walk(logs):
        for name in files:
            if name.endswith(".attempts.jsonl"):
                lines = (below / name).read_text(errors="replace").splitlines()
                found += [failure for line in lines if (failure := _failure(line)) is not None]
    return found


def _failure(line: str) -> Failure | None:
    try:
        attempt = json.loads(line)
        slurm = attempt.get("place", {}).get("slurm", {})
        job_id = slurm.get("job_id")
        return Failure(_text(attempt["rule"]), None if job_id is None else str(job_id))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
