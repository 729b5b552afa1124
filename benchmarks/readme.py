"""The README's section of benchmarks, written from what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from measure import Row

BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
COMMAND = "python benchmarks/all.py"
CUDA = "_cuda"
"""What the names of benchmarks on a GPU end in."""
Cells = Sequence[str]


def rewritten(text: str, block: str) -> str:
    """A README with another block between its two markers; ValueError unless both stand once."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"README.md: {BEGIN} and {END} must each stand once, in this order")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{block.strip()}\n{END}{after}"


def block(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown of everything that was measured; nothing stands here that was not."""
    rows = [Row(**row) for entry in measured.values() for row in entry["rows"]]
    turns = "each line is of one run, in which all sides took turns"
    whole = "where it says `by tenths of a run` they came one after another"
    parts = [f"Written by `{COMMAND}`; {turns}; {whole}."]
    for kind, (title, heads, cells) in TABLES.items():
        own = [row for row in rows if row.kind == kind]
        if own:
            parts += [title, table(heads, [cells(row) for row in own])]
    if packed := [row for row in rows if row.kind == "packing"]:
        parts += [PACKING, table(*packing(packed))]
    if measured:
        parts += ["Where and when:", table(RUN_HEADS, _runs(measured))]
    parts += _not_run(measured)
    return "\n\n".join(parts)


def table(heads: Cells, lines: Sequence[Cells]) -> str:
    """A Markdown table."""
    ruler = ["---"] * len(heads)
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in (heads, ruler, *lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def number(value: float) -> str:
    """Two significant digits, two decimals about 1: what a measurement on such machines bears."""
    if 0.1 <= abs(value) < 2:
        return f"{value:.2f}"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.1e}")
    digits = 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(digits, 0)}f}"


def duration(seconds: float) -> str:
    """Seconds in a unit that needs few digits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{number(seconds * factor)} {unit}"
    return f"{number(seconds * 1e6)} µs"


def ratio(row: Row) -> str:
    """Median and range."""
    return f"{number(row.ratio)} ({number(row.low)} to {number(row.high)})"


def _peer(row: Row) -> Cells:
    ours, peer = duration(row.ours or 0.0), duration(row.peer or 0.0)
    return [row.what, row.sizes, ours, f"{peer}, {row.against}", ratio(row), row.note]


def packing(rows: Iterable[Row]) -> tuple[Cells, list[Cells]]:
    """Heads and lines: a line a way to train many seeds, a column a number of seeds."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    for row in rows:
        seeds, device = row.sizes.removeprefix("S = ").split(", ")
        step = f"{ratio(row)}; {duration(row.ours or 0.0)}"
        found.setdefault((row.what, device), {})[int(seeds)] = step
    sizes = sorted({seeds for cells in found.values() for seeds in cells})
    heads = ["network: way", "device", *(f"S = {seeds}" for seeds in sizes)]
    return heads, [[*key, *(cells.get(s, "") for s in sizes)] for key, cells in found.items()]


def _limit(row: Row) -> Cells:
    rates = [f"{number(rate or 0.0)} {row.unit}" for rate in (row.ours, row.peer)]
    return [row.what, row.sizes, rates[0], f"{rates[1]}, {row.against}", ratio(row), row.note]


def _growth(row: Row) -> Cells:
    exponent = f"{row.ratio:.2f} ({row.low:.2f} to {row.high:.2f})"
    return [row.what, row.sizes, exponent, row.note]


TABLES: dict[str, tuple[str, Cells, Callable[[Row], Cells]]] = {
    "peer": (
        "**Against peers.** Ratios: peer's time by ours, median and range over rounds or tenths.",
        ["what", "size", "ours", "peer", "peer / ours", "beside it"],
        _peer,
    ),
    "limit": (
        "**Limits.** What is reached of what the same machine reached in the same run.",
        ["what", "size", "reached", "ceiling", "share", "what bounds it"],
        _limit,
    ),
    "growth": (
        "**Growth.** Fitted exponents of time in size, with 95% intervals: 1 is linear.",
        ["what", "range", "exponent", "beside it"],
        _growth,
    ),
}
PACKING = (
    "**Many seeds on one device.** Gain: the time of a step of S seeds one after another in one"
    " process by the way's; then its own time."
)
RUN_HEADS = ["benchmarks", "date", "machine", "software", "took"]


def _runs(measured: Mapping[str, Mapping[str, Any]]) -> list[Cells]:
    """A line for all that ran on one day on one machine with one set of versions."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for name, entry in measured.items():
        software = ", ".join(f"{key} {value}" for key, value in entry["software"].items())
        together.setdefault((entry["date"], entry["machine"], software), []).append(name)
    return [
        [", ".join(f"`{name}`" for name in names), *run, _minutes(measured[name] for name in names)]
        for run, names in together.items()
    ]


def _minutes(entries: Iterable[Mapping[str, Any]]) -> str:
    return f"{number(sum(entry['seconds'] for entry in entries) / 60)} min"


def _not_run(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What a reader might look for in vain."""
    said = sorted({line for entry in measured.values() for line in entry["left_out"]})
    if not any(name.endswith(CUDA) for name in measured):
        said.append("No line is of a GPU: none was at hand. On one, the same command adds them.")
    return said
