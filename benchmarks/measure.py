"""What the benchmarks share: turns with a peer, ratios with their spread, rows for the README.

    works = {"ours": ours, "relplot 1.0.3": theirs}
    report.add(versus("SmoothECE", "10^6 predictions", works, rounds=5))

Ours and the peers take turns within each round, in the opposite order in every other one, so what
else the machine does hits all alike. A ratio is the peer's time by ours in the same round; told are
its median and its range over the rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

Clock = Callable[[], float]
Work = Callable[[], object]
LEAST_S = 0.05
"""What is shorter is repeated within a round until it takes so long: clocks have a resolution."""


@dataclass(frozen=True)
class Row:
    """One measured line.

    kind: peer and packing compare times (ours, peer: medians; ratio: peer by ours); limit compares
    rates (peer: the machine's; ratio: ours by it); growth has the exponent as its ratio. low, high:
    range of the ratio over rounds, of an exponent its 95% interval. against: the peer with its
    version. note: what else was found in the run.
    """

    kind: Literal["peer", "packing", "limit", "growth"]
    what: str
    sizes: str
    ratio: float
    low: float
    high: float
    ours: float | None = None
    peer: float | None = None
    unit: str = "s"
    against: str = ""
    note: str = ""

    def text(self) -> str:
        """The line for the terminal."""
        spread = f"{self.ratio:.3g} ({self.low:.3g} to {self.high:.3g})"
        after = f"; {self.note}" if self.note else ""
        if self.ours is None or self.peer is None:
            return f"{self.what}, {self.sizes}: {spread}{after}"
        both = f"{self.ours:.3g} {self.unit}, {self.against} {self.peer:.3g} {self.unit}"
        return f"{self.what}, {self.sizes}: {both}; ratio {spread}{after}"


class Report:
    """Prints rows as they come, and keeps them as lines of JSON where a file is named."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def add(self, row: Row) -> None:
        """Print a row and keep it."""
        print(row.text(), flush=True)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(row)) + "\n")


def read_rows(path: Path) -> list[Row]:
    """The rows that a report kept."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [Row(**json.loads(line)) for line in lines]


def options(doc: str | None, rounds: int) -> argparse.ArgumentParser:
    """The options of every benchmark; one adds its own."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes: only shows that it runs")
    parser.add_argument("--rounds", type=int, default=rounds, help="turns that are taken")
    parser.add_argument("--rows", type=Path, help="keep the rows in this file, lines of JSON")
    return parser


def one_thread() -> None:
    """Arithmetic on one thread from here on."""
    threadpoolctl.threadpool_limits(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def installed(distribution: str) -> str | None:
    """Name and version of an optional peer; None, and a line that says so, where it is missing."""
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        print(f"{distribution} is not installed (pip install '.[benchmark]'): left out", flush=True)
        return None


def turns(
    works: Mapping[str, Work], rounds: int, clock: Clock = time.process_time
) -> dict[str, NDArray[np.float64]]:
    """Seconds of one call of each work, by rounds: (rounds,). A round before them warms up."""
    times = {name: _repeats(work, clock) for name, work in works.items()}
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in list(works)[:: -1 if number % 2 else 1]:
            began = clock()
            for _ in range(times[name]):
                works[name]()
            found[name].append((clock() - began) / times[name])
    return {name: np.array(seconds) for name, seconds in found.items()}


def _repeats(work: Work, clock: Clock) -> int:
    """How often a work is called in a round, from its second call if the first was short."""
    for _ in range(2):
        began = clock()
        work()
        seconds = clock() - began
        if seconds >= LEAST_S:
            return 1
    return min(math.ceil(LEAST_S / max(seconds, 1e-6)), 10_000)


def versus(
    what: str,
    sizes: str,
    works: Mapping[str, Work],
    rounds: int,
    clock: Clock = time.process_time,
    **more: Any,
) -> Row:
    """Ours, the first of two works, against the second; more: other fields of the row."""
    return row_of(what, sizes, turns(works, rounds, clock), **more)


def row_of(what: str, sizes: str, seconds: Mapping[str, NDArray[np.float64]], **more: Any) -> Row:
    """The row of seconds by round of ours, the first, and of one peer, the second."""
    (_, ours), (peer, theirs) = seconds.items()
    ratio = theirs / ours
    fields: dict[str, Any] = {"kind": "peer", "against": peer} | more
    return Row(what=what, sizes=sizes, **summary(ratio, ours, theirs), **fields)


def summary(
    ratio: NDArray[np.float64], ours: NDArray[np.float64], peer: NDArray[np.float64]
) -> dict[str, float]:
    """What a row keeps of values by round: medians, and the range of the ratio."""
    return {
        "ratio": float(np.median(ratio)),
        "low": float(ratio.min()),
        "high": float(ratio.max()),
        "ours": float(np.median(ours)),
        "peer": float(np.median(peer)),
    }


def children_cpu() -> float:
    """CPU seconds of processes that this one started and waited for."""
    spent = os.times()
    return spent.children_user + spent.children_system
