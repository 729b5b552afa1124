"""What a configuration costs: jobs, hours, memory and storage, from the plan and from records.

`asked` is what the jobs request of a cluster, so the most that it can grant to their first
attempts. `expected` is what finished jobs used, as far as they speak for the planned ones
(`Records` says when they do, and how they are scaled).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lemmata.cluster.cost_records import Basis, Kind, Records, steps_of
from lemmata.lineage.present import RESULTS


@dataclass(frozen=True)
class Planned:
    """One job of the plan. local: it runs beside the engine and asks the cluster for nothing.

    hours: its time limit, None where the rule says none; memory_mb likewise.
    """

    family: str
    kind: Kind
    scale: str
    local: bool
    threads: int
    hours: float | None
    memory_mb: float | None


@dataclass(frozen=True)
class Cost:
    """Of a rule, a family or all. Hours, MB of memory (MiB where measured), bytes of storage.

    local: how many of the jobs run beside the engine; unstated: how many others name no time limit
    or no memory, which the hours and memory that are asked leave out. unknown, unknown_gpu,
    unknown_storage: how many jobs the expected hours and memory, GPU-hours and storage leave out,
    for want of a record. basis: what the expectations rest on.
    """

    name: str
    jobs: int
    local: int
    unstated: int
    asked_cpu_h: float | None
    asked_gpu_h: float | None
    asked_mb: float | None
    cpu_h: float | None
    gpu_h: float | None
    peak_mib: float | None
    bytes: float | None
    unknown: int
    unknown_gpu: int
    unknown_storage: int
    basis: tuple[Basis, ...]


def planned(job: Mapping[str, Any]) -> Planned:
    """A job of `present.planned_jobs`. Its family is the folder below results/<scale>/."""
    parts, asked = Path(job["record"]).parts, job["resources"]
    of_scale = parts[0] == RESULTS
    return Planned(
        family=parts[2] if of_scale else parts[0],
        kind=Kind.of(job, asked.get("gpu", 0), steps_of(job)),
        scale=parts[1] if of_scale else "",
        local=job["local"],
        threads=asked["threads"],
        hours=asked["runtime"] / 60 if "runtime" in asked else None,
        memory_mb=asked.get("mem_mb"),
    )


def by_rule(jobs: Iterable[Planned], records: Records) -> list[tuple[str, Cost]]:
    """(family, cost) of each rule of each family, by name."""
    groups: dict[tuple[str, str], list[Planned]] = {}
    for job in jobs:
        groups.setdefault((job.family, job.kind.rule), []).append(job)
    return [
        (family, together(rule, [_cost(job, records) for job in groups[family, rule]]))
        for family, rule in sorted(groups)
    ]


def by_family(rules: Iterable[tuple[str, Cost]]) -> list[Cost]:
    """The sums over the rules of each family, by name."""
    groups: dict[str, list[Cost]] = {}
    for family, cost in rules:
        groups.setdefault(family, []).append(cost)
    return [together(family, groups[family]) for family in sorted(groups)]


def _cost(job: Planned, records: Records) -> Cost:
    limit = None if job.local else job.hours
    time, storage = records.time(job.kind, job.scale), records.storage(job.kind, job.scale)
    gpu_h = 0.0 if not job.kind.gpus else None if time is None else time.gpu_h
    return Cost(
        name=job.kind.rule,
        jobs=1,
        local=int(job.local),
        unstated=int(not job.local and None in (job.hours, job.memory_mb)),
        asked_cpu_h=None if limit is None else limit * job.threads,
        asked_gpu_h=None if limit is None else limit * job.kind.gpus,
        asked_mb=None if job.local else job.memory_mb,
        cpu_h=None if time is None else time.cpu_h,
        gpu_h=gpu_h,
        peak_mib=None if time is None else time.peak_mib,
        bytes=storage,
        unknown=int(time is None),
        unknown_gpu=int(gpu_h is None),
        unknown_storage=int(storage is None),
        basis=() if time is None else (time.basis,),
    )


def together(name: str, costs: Sequence[Cost]) -> Cost:
    """The sum of several; memory is that of the largest; what is not known is left out."""
    return Cost(
        name=name,
        jobs=sum(cost.jobs for cost in costs),
        local=sum(cost.local for cost in costs),
        unstated=sum(cost.unstated for cost in costs),
        asked_cpu_h=_sum(cost.asked_cpu_h for cost in costs),
        asked_gpu_h=_sum(cost.asked_gpu_h for cost in costs),
        asked_mb=_most(cost.asked_mb for cost in costs),
        cpu_h=_sum(cost.cpu_h for cost in costs),
        gpu_h=_sum(cost.gpu_h for cost in costs),
        peak_mib=_most(cost.peak_mib for cost in costs),
        bytes=_sum(cost.bytes for cost in costs),
        unknown=sum(cost.unknown for cost in costs),
        unknown_gpu=sum(cost.unknown_gpu for cost in costs),
        unknown_storage=sum(cost.unknown_storage for cost in costs),
        basis=Basis.merged(basis for cost in costs for basis in cost.basis),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
