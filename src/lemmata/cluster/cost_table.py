"""What a configuration costs, as a table for people or for a Markdown page, and as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from lemmata.cluster.cost import Cost

HEADS = (
    "jobs",
    "beside the engine",
    "CPU h asked",
    "CPU h expected",
    "GPU h asked",
    "GPU h expected",
    "largest job asked",
    "largest job expected",
    "storage expected",
)
RESTS_ON = "expected rests on"
GAP = "  "
UNKNOWN = "-"


def table(costs: Sequence[Cost], first: str, bases: bool, markdown: bool) -> str:
    """One line a cost, the last being the sum; first: what a line is, rule or family.

    bases: tell in a last column what the expectations rest on.
    """
    lines = [[first, *HEADS, *([RESTS_ON] if bases else [])]]
    lines += [[*_cells(cost), *([rests_on(cost)] if bases else [])] for cost in costs]
    if markdown:
        rule = ["---", *["---:"] * len(HEADS), *(["---"] if bases else [])]
        return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    left = {0, len(HEADS) + 1}  # names and words; all between are numbers
    return "\n".join(
        GAP.join(
            text.ljust(width) if i in left else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(cost: Cost) -> list[str]:
    part, part_gpu, part_stored = (
        "+" if count else "" for count in (cost.unknown, cost.unknown_gpu, cost.unknown_storage)
    )
    return [
        cost.name,
        f"{cost.jobs:,}",
        f"{cost.local:,}",
        hours(cost.asked_cpu_h),
        hours(cost.cpu_h, part),
        hours(cost.asked_gpu_h),
        hours(cost.gpu_h, part_gpu),
        size(cost.asked_mb, 2**20),
        size(cost.peak_mib, 2**20, part),
        size(cost.bytes, 1, part_stored),
    ]


def hours(value: float | None, part: str = "") -> str:
    """Hours to two digits or so; part: "+" where some jobs are left out."""
    if value is None or (part and not value):
        return UNKNOWN
    if 0 < value < 0.0005:
        return f"<0.001{part}"
    digits = 0 if value >= 10 or value == 0 else 1 if value >= 1 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f}{part}"


def size(value: float | None, unit: int, part: str = "") -> str:
    """An amount of so many units of bytes, in the largest unit that leaves one or more."""
    if value is None:
        return UNKNOWN
    amount, names = value * unit, ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(names) > 1:
        amount, names = amount / 1024, names[1:]
    return f"{amount:.{1 if amount < 10 and names[0] != 'B' else 0}f} {names[0]}{part}"


def rests_on(cost: Cost) -> str:
    """How many records of which scale, and how they were scaled."""
    words = []
    for basis in cost.basis:
        count = len(basis.records)
        scale = f" of {basis.scale}" if basis.scale else ""
        words.append(f"{count} record{'s' * (count != 1)}{scale}, {basis.scaled}")
    return " and ".join(words) or UNKNOWN


def remarks(rules: Sequence[Cost], store_bytes: int | None) -> Iterator[str]:
    """What the table cannot say, one line each. store_bytes: None without limit, 0 where off."""
    yield (
        "asked: time limits x CPUs (or GPUs) of every job, the most that first attempts are granted"
    )
    yield "expected: from records of finished jobs of the same rule (--rules tells which)"
    unknown = _without((cost.name, cost.unknown, cost.jobs) for cost in rules)
    unstored = _without((cost.name, cost.unknown_storage, cost.jobs) for cost in rules)
    if unknown:
        yield f"no record speaks for {unknown}: sums without them are marked with +"
    if unstored and unstored != unknown:
        yield f"no record speaks for the storage of {unstored}"
    unstated = ", ".join(sorted({cost.name for cost in rules if cost.unstated}))
    if unstated:
        yield f"asked leaves out what the profile decides: no time or no memory in {unstated}"
    if store_bytes == 0:
        yield "the store is off (store.max_gib is 0): no second copy"
    else:
        most = "" if store_bytes is None else f", up to {size(store_bytes, 1)} (store.max_gib)"
        yield f"the store keeps a second copy of what jobs write{most}"


def _without(left_out: Iterable[tuple[str, int, int]]) -> str:
    """So many of so many jobs of each rule."""
    return ", ".join(f"{count} of {jobs} {name}" for name, count, jobs in left_out if count)


def as_json(families: Sequence[Cost], rules: Sequence[tuple[str, Cost]]) -> dict[str, Any]:
    """Everything, for programs: hours, MiB and bytes."""
    return {
        "families": [_plain(cost) for cost in families],
        "rules": [{"family": family, **_plain(cost)} for family, cost in rules],
    }


def _plain(cost: Cost) -> dict[str, Any]:
    bases = [
        {"scale": basis.scale, "scaled": basis.scaled, "records": len(basis.records)}
        for basis in cost.basis
    ]
    return {**asdict(cost), "basis": bases}
