"""The efficiency of rules as a table for people, as a block of a profile, and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from lemmata.cluster.efficiency import (
    ENGINE_MIB,
    MEMORY_FLOOR_MB,
    MEMORY_MARGIN,
    START_S,
    TIME_FLOOR_MIN,
    TIME_MARGIN,
    Efficiency,
    Row,
    useful_share,
)

# Groups of columns: what stands above them, and their own headings.
COLUMNS = (
    ("", ("rule", "jobs", "failed")),
    ("memory MB", ("asked", "max", "median", "SLURM")),
    ("CPU", ("used",)),
    ("process s", ("all", "start-up", "useful")),
    ("GPU", ("asked", "max MB")),
    ("wall min", ("limit", "max", "median")),
    ("queue s", ("max", "median")),
    ("ran in", ("SLURM", "<1 min")),
    ("suggested", ("mem_mb", "runtime")),
)
GAP = "  "
ACCOUNTED = ("state", "exit_code", "cpus", "cpu_s", "gpus", "asked_mib", "peak_mib")


def table(found: Efficiency) -> str:
    """One line a rule under two lines of headings; a dash for what nobody asked or told."""
    names = [name for _, group in COLUMNS for name in group]
    cells = [names, *(_cells(row) for row in found.rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    lines = [_heads(widths)]
    for line in cells:
        first, *rest = zip(line, widths, strict=True)
        told = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
        lines.append(GAP.join(told).rstrip())
    return "\n".join(lines)


def _heads(widths: Sequence[int]) -> str:
    heads, at = [], 0
    for head, group in COLUMNS:
        width = sum(widths[at : at + len(group)]) + len(GAP) * (len(group) - 1)
        heads.append(head.rjust(width)[:width] if len(group) == 1 else head.center(width))
        at += len(group)
    return GAP.join(heads).rstrip()


def _cells(row: Row) -> list[str]:
    return [
        row.rule,
        str(row.jobs),
        str(row.failed),
        _amount(row.asked_mb),
        _amount(row.used_mb_max),
        _amount(row.used_mb_median),
        _amount(row.slurm_mb_max),
        f"{row.cpu_share:.0%}",
        f"{row.total_s:.1f}" if row.total_s < 100 else f"{row.total_s:.0f}",
        f"{row.start_s:.1f}",
        f"{row.useful:.0%}",
        str(row.gpus),
        _amount(row.gpu_mb_max),
        _amount(row.limit_min),
        _minutes(row.wall_min_max),
        _minutes(row.wall_min_median),
        _amount(row.wait_s_max),
        _amount(row.wait_s_median),
        str(row.slurm_jobs) if row.slurm_jobs else "-",
        str(row.short),
        str(row.mem_mb),
        str(row.runtime),
    ]


def _amount(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _minutes(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def remarks(found: Efficiency) -> Iterator[str]:
    """What the table cannot say, one line each."""
    uses = [use for job in found.jobs for use in job.uses]
    if uses:
        spent = sum(use.process_s for use in uses)
        yield (
            f"{_counted(len(uses), 'job')} took {spent:.0f} s together, {useful_share(uses):.0%} of"
            " it after their start-up (imports)"
        )
        first, last = min(use.started for use in uses), max(use.ended for use in uses)
        span, cpu = (last - first).total_seconds(), sum(use.cpu_s for use in uses)
        if span > 0:
            yield (
                f"from the first start to the last end {span:.0f} s: the jobs kept"
                f" {cpu / span:.2f} cores busy"
            )
    local = [job for job in found.jobs if job.slurm_id is None]
    grouped = [job for job in found.jobs if job.slurm_id is not None]
    if grouped:
        held = sum(len(job.uses) for job in grouped)
        short = sum(job.is_short for job in grouped)
        runs = _counted(len(grouped), "SLURM job")
        yield f"{_counted(held, 'job')} in {runs}, {short} of these under a minute"
    if local:
        short = sum(job.is_short for job in local)
        yield f"{_counted(len(local), 'job')} ran without SLURM, {short} of these under a minute"
    for row in found.rows:
        if row.gpus and row.gpu_mb_max is None:
            yield f"{row.rule}: asked for a GPU and used none"
    for rule, ends in sorted(found.ends.items()):
        told = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
        yield f"{rule}: SLURM jobs of failed attempts: {told}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def suggestion(found: Efficiency) -> str:
    """The ``set-resources`` block of a Snakemake profile, with what stands behind its numbers."""
    head = [
        f"# mem_mb: {MEMORY_MARGIN:g} x the most used, at least {MEMORY_FLOOR_MB} MB: a job's own",
        f"# and {ENGINE_MIB:g} MB for the engine, or what SLURM saw where that is more.",
        f"# runtime: {TIME_MARGIN:g} x the longest, at least {TIME_FLOOR_MIN} minutes: a job's own",
        f"# and {START_S:g} s to start, or what SLURM saw where that is more.",
        "set-resources:",
    ]
    blocks = (
        f"  {row.rule}:\n    mem_mb: {row.mem_mb}\n    runtime: {row.runtime}" for row in found.rows
    )
    return "\n".join([*head, *blocks])


def as_json(found: Efficiency) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "rules": [asdict(row) for row in found.rows],
        "slurm_jobs": [
            {
                "job_id": job.slurm_id,
                "rules": sorted({use.rule for use in job.uses}),
                "jobs": len(job.uses),
                "elapsed_s": job.elapsed_s,
                "wait_s": job.wait_s,
                **{name: getattr(job.account, name, None) for name in ACCOUNTED},
            }
            for job in found.jobs
            if job.slurm_id is not None
        ],
        "useful": useful_share(use for job in found.jobs for use in job.uses),
        "under_a_minute": sum(job.is_short for job in found.jobs if job.slurm_id is not None),
        "failed_attempts_ended": {rule: dict(ends) for rule, ends in sorted(found.ends.items())},
        "set-resources": {
            row.rule: {"mem_mb": row.mem_mb, "runtime": row.runtime} for row in found.rows
        },
    }
