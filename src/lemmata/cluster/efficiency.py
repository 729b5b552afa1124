"""What each rule asked of the cluster, what its jobs used, and what to ask for instead.

A record is the truth about one job of the DAG. What SLURM accounts (memory of all processes, time
with the engine's start-up) is that of a whole SLURM job, in which several jobs of the DAG may have
run: it counts for a rule only where a SLURM job held one job.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from lemmata.cluster.sacct import Account
from lemmata.cluster.uses import Failure, Use

MEMORY_MARGIN, TIME_MARGIN = 1.3, 2.0
MEMORY_FLOOR_MB, TIME_FLOOR_MIN = 500, 10
# A record knows its own process. On a cluster the engine runs beside it, twice (185 MiB each,
# measured), and starts before it (5 s on an idle machine with a local disk).
ENGINE_MIB, START_S = 400.0, 30.0
SHORT_S = 60.0
# A record may have come from another cluster by way of the store, where its number means another
# job: its time must lie within that of the SLURM job, as far as clocks agree.
CLOCKS = timedelta(minutes=2)
MINUTES = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1080, 1440)


@dataclass(frozen=True)
class SlurmJob:
    """Jobs of the DAG that ran in one SLURM job, or one that ran without SLURM (slurm_id None).

    elapsed_s: from its start to its end; without accounting as far as the records tell.
    """

    slurm_id: str | None
    uses: tuple[Use, ...]
    elapsed_s: float
    wait_s: float | None
    account: Account | None

    @property
    def is_short(self) -> bool:
        """Whether it ran for under a minute."""
        return self.elapsed_s < SHORT_S


@dataclass(frozen=True)
class Row:
    """One rule. Memory in MB as SLURM counts it (MiB); None for what nobody asked or told.

    slurm_mb_max: of all processes, where SLURM accounted a job that was alone in its SLURM job;
    total_s: of all its processes, of which start_s (median of a job) went to imports and useful is
    the share after them; cpu_share: CPU seconds over seconds of the process times threads; short:
    jobs under a minute in which it took part, SLURM's or alone; mem_mb, runtime (minutes): what to
    ask for.
    """

    rule: str
    jobs: int
    slurm_jobs: int
    failed: int
    asked_mb: float | None
    used_mb_max: float
    used_mb_median: float
    slurm_mb_max: float | None
    cpu_share: float
    total_s: float
    start_s: float
    useful: float
    gpus: int
    gpu_mb_max: float | None
    limit_min: float | None
    wall_min_max: float
    wall_min_median: float
    wait_s_max: float | None
    wait_s_median: float | None
    short: int
    mem_mb: int
    runtime: int


@dataclass(frozen=True)
class Efficiency:
    """All rules by name, and the SLURM jobs behind them, each once.

    ends: how the SLURM jobs of failed attempts ended, by rule, where the accounting knows.
    """

    rows: tuple[Row, ...]
    jobs: tuple[SlurmJob, ...]
    ends: Mapping[str, Mapping[str, int]]


def efficiency(
    uses: Sequence[Use], failures: Sequence[Failure], accounts: Mapping[str, Account]
) -> Efficiency:
    """Rows by rule; accounts: what sacct says, by SLURM job id (may be empty)."""
    jobs = slurm_jobs(uses, accounts)
    behind: dict[str, list[SlurmJob]] = defaultdict(list)
    for job in jobs:
        for rule in {use.rule for use in job.uses}:
            behind[rule].append(job)
    failed = Counter(failure.rule for failure in failures)
    rows = tuple(_row(rule, behind[rule], failed[rule]) for rule in sorted(behind))
    ends: dict[str, Counter[str]] = defaultdict(Counter)
    for failure in failures:
        account = accounts.get(failure.slurm_id or "")
        if account is not None:
            ends[failure.rule][account.state] += 1
    return Efficiency(rows, tuple(jobs), ends)


def slurm_jobs(uses: Iterable[Use], accounts: Mapping[str, Account]) -> list[SlurmJob]:
    """Jobs of the DAG by the SLURM job that held them; each alone where there was none."""
    held: dict[str, list[Use]] = defaultdict(list)
    found = []
    for use in uses:
        if use.slurm_id is None:
            found.append(SlurmJob(None, (use,), use.wall_s, None, None))
        else:
            held[use.slurm_id].append(use)
    for slurm_id, members in held.items():
        account = accounts.get(slurm_id)
        if account is not None and not all(_within(use, account) for use in members):
            account = None
        found.append(_slurm_job(slurm_id, members, account))
    return found


def _within(use: Use, account: Account) -> bool:
    if account.started is None or use.started < account.started - CLOCKS:
        return False
    return account.ended is None or use.ended <= account.ended + CLOCKS


def _slurm_job(slurm_id: str, uses: Sequence[Use], account: Account | None) -> SlurmJob:
    first = min(use.allotted or use.started for use in uses)
    elapsed_s = (max(use.ended for use in uses) - first).total_seconds()
    waits = [
        (use.allotted - use.submitted).total_seconds()
        for use in uses
        if use.allotted is not None and use.submitted is not None
    ]
    wait_s = max(waits) if waits else None
    if account is not None:
        elapsed_s = elapsed_s if account.elapsed_s is None else account.elapsed_s
        wait_s = wait_s if account.wait_s is None else account.wait_s
    return SlurmJob(slurm_id, tuple(uses), elapsed_s, wait_s, account)


def _row(rule: str, jobs: Sequence[SlurmJob], failed: int) -> Row:
    uses = [use for job in jobs for use in job.uses if use.rule == rule]
    waits = [job.wait_s for job in jobs if job.wait_s is not None]
    peaks = [use.peak_mib for use in uses]
    walls = [use.wall_s / 60 for use in uses]
    granted = sum(use.process_s * use.threads for use in uses)
    accounted = _most(_accounted_mib(job) for job in jobs)
    return Row(
        rule=rule,
        jobs=len(uses),
        slurm_jobs=sum(job.slurm_id is not None for job in jobs),
        failed=failed,
        asked_mb=_most(use.asked_mb for use in uses),
        used_mb_max=max(peaks),
        used_mb_median=median(peaks),
        slurm_mb_max=accounted,
        cpu_share=sum(use.cpu_s for use in uses) / granted if granted else 0.0,
        total_s=sum(use.process_s for use in uses),
        start_s=median(use.process_s - use.wall_s for use in uses),
        useful=useful_share(uses),
        gpus=max(use.gpus for use in uses),
        gpu_mb_max=_most(use.gpu_peak_mib for use in uses),
        limit_min=_most(use.limit_min for use in uses),
        wall_min_max=max(walls),
        wall_min_median=median(walls),
        wait_s_max=_most(waits),
        wait_s_median=median(waits) if waits else None,
        short=sum(job.is_short for job in jobs),
        mem_mb=friendly_mb(MEMORY_MARGIN * max(max(peaks) + ENGINE_MIB, accounted or 0.0)),
        runtime=friendly_minutes(TIME_MARGIN * max(_seconds(job, rule) for job in jobs) / 60),
    )


def useful_share(uses: Iterable[Use]) -> float:
    """Share of the processes' seconds that came after their start-up; 1 where none is known."""
    spent = [(use.wall_s, use.process_s) for use in uses]
    whole = sum(process_s for _, process_s in spent)
    return min(sum(wall_s for wall_s, _ in spent) / whole, 1.0) if whole else 1.0


def _accounted_mib(job: SlurmJob) -> float | None:
    """Peak of all processes of a SLURM job that held one job of the DAG."""
    return None if job.account is None or len(job.uses) > 1 else job.account.peak_mib


def _seconds(job: SlurmJob, rule: str) -> float:
    """The longest that a rule's job took in a SLURM job, the engine's start included."""
    longest = max(use.wall_s for use in job.uses if use.rule == rule)
    whole = job.elapsed_s if len(job.uses) == 1 and job.account is not None else 0.0
    return max(longest + START_S, whole)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def friendly_mb(mib: float) -> int:
    """The next round number of MB: to 100 up to 1000, then 250, 500, 1000 and 4000."""
    mib = max(mib, MEMORY_FLOOR_MB)
    steps = ((1000, 100), (4000, 250), (8000, 500), (32000, 1000), (math.inf, 4000))
    step = next(step for limit, step in steps if mib <= limit)
    return math.ceil(mib / step) * step


def friendly_minutes(minutes: float) -> int:
    """The next usual time limit: 5, 10, 15, 20, 30, 45, 60, 90 minutes ... 24 hours, then days."""
    minutes = max(minutes, TIME_FLOOR_MIN)
    return next((usual for usual in MINUTES if minutes <= usual), 1440 * math.ceil(minutes / 1440))
