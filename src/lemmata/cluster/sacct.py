"""What SLURM's accounting says of jobs: one call of ``sacct`` for many of them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lemmata.errors import LemmataError
from lemmata.provenance.slurm import duration_s, in_utc, instant, memory_mib, trackable

FIELDS = (
    "JobIDRaw",
    "State",
    "ExitCode",
    "Submit",
    "Start",
    "End",
    "Elapsed",
    "TotalCPU",
    "ReqMem",
    "ReqTRES",
    "AllocTRES",
    "MaxRSS",
)
CHUNK = 500  # ids in one call: the line stays far below what a system allows
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Account:
    """One SLURM job as it was accounted; None for what its site does not account.

    cpu_s: of the whole job; peak_mib: its largest step and its batch script, as sampled;
    asked_mib, cpus and gpus: asked for.
    """

    job_id: str
    state: str
    exit_code: str
    submitted: datetime | None
    started: datetime | None
    ended: datetime | None
    elapsed_s: float | None
    cpu_s: float | None
    asked_mib: float | None
    cpus: int | None
    gpus: int | None
    peak_mib: float | None

    @property
    def wait_s(self) -> float | None:
        """How long it stood in the queue."""
        if self.submitted is None or self.started is None:
            return None
        return max(0.0, (self.started - self.submitted).total_seconds())


def accounts(job_ids: Iterable[str]) -> dict[str, Account]:
    """What the accounting knows of the jobs, by id; others are left out.

    Raises LemmataError when sacct is not there, fails, or says what cannot be read.
    """
    found: dict[str, Account] = {}
    wanted = sorted({job_id for job_id in job_ids if job_id.isdecimal()}, key=int)
    for start in range(0, len(wanted), CHUNK):
        ids = wanted[start : start + CHUNK]
        said = parse(_sacct(ids))
        # The first task of an array has the number of the whole, whose other tasks come with it.
        found |= {job_id: said[job_id] for job_id in ids if job_id in said}
    return found


def _sacct(ids: Sequence[str]) -> str:
    sacct = shutil.which("sacct")
    if sacct is None:
        raise LemmataError("sacct: not found on the PATH")
    options = ["--parsable2", "--noheader", f"--format={','.join(FIELDS)}"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and numbers
            [sacct, *options, f"--jobs={','.join(ids)}"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=in_utc(),
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LemmataError(f"sacct: no answer in {TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise LemmataError(f"sacct: cannot be run ({error.strerror})") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise LemmataError(f"sacct: ended with status {done.returncode} ({said[-1]})")
    return done.stdout


def parse(text: str) -> dict[str, Account]:
    """Accounts by job id from the output of ``sacct --parsable2`` with the columns of `FIELDS`."""
    jobs: dict[str, dict[str, str]] = {}
    steps: dict[str, dict[str, float]] = {}
    for line in filter(None, text.splitlines()):
        columns = line.split("|")
        if len(columns) != len(FIELDS):
            told = f"{len(columns)} columns where {len(FIELDS)} were asked for"
            raise LemmataError(f"sacct: {line[:60]!r} has {told}")
        row = dict(zip(FIELDS, columns, strict=True))
        job_id, _, step = row["JobIDRaw"].partition(".")
        if step:
            peak = memory_mib(row["MaxRSS"])
            if peak is not None:
                steps.setdefault(job_id, {})[step] = peak
        else:
            jobs[job_id] = row
    return {job_id: _account(row, steps.get(job_id, {})) for job_id, row in jobs.items()}


def _account(row: Mapping[str, str], steps: Mapping[str, float]) -> Account:
    asked = trackable(row["ReqTRES"] or row["AllocTRES"])
    memory = memory_mib(asked.get("mem", ""))
    return Account(
        job_id=row["JobIDRaw"],
        state=row["State"].split(" ")[0],  # "CANCELLED by 1000"
        exit_code=row["ExitCode"],
        submitted=instant(row["Submit"]),
        started=instant(row["Start"]),
        ended=instant(row["End"]),
        elapsed_s=duration_s(row["Elapsed"]),
        cpu_s=duration_s(row["TotalCPU"]),
        asked_mib=memory_mib(row["ReqMem"]) if memory is None else memory,
        cpus=_count(asked, "cpu"),
        gpus=_count(asked, "gres/gpu"),
        peak_mib=_together(steps),
    )


def _together(steps: Mapping[str, float]) -> float | None:
    """Peak of a job whose steps run one after the other, beside the batch script."""
    around = [mib for name, mib in steps.items() if name in ("batch", "extern")]
    inner = [mib for name, mib in steps.items() if name not in ("batch", "extern")]
    return sum(around) + max(inner, default=0.0) if steps else None


def _count(asked: Mapping[str, str], name: str) -> int | None:
    text = asked.get(name, "")
    return int(text) if text.isdecimal() else None
