"""How cost grows with work: exponents fitted to times, to find a piece that grows too fast.

    OMP_NUM_THREADS=1 python benchmarks/growth.py [--only PIECE ...]

The exponent is the slope of log time on log size over all rounds, with its 95% interval: 1 is
linear. What each start costs flattens the small end, so sizes begin where that no longer counts.
The exponent of the two largest sizes alone stands in the note: it would show what begins to grow
only there. CPU time; for engine and audit of their processes too.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import audit
import dry_run
import multicalibrators
import numpy as np
import smooth_ece as predictions
from families import families
from finished_tree import copy_project
from measure import Report, Row, children_cpu, one_thread, options, turns

from lemmata.calibration.multicalibration.hjz import HJZ
from lemmata.calibration.multicalibration.hkrr import HKRR
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.stats import slope_interval

Works = Mapping[float, Callable[[], object]]
"""Size -> the work of that size."""


def all_cpu() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    return time.process_time() + children_cpu()


def fitted(
    what: str, unit: str, works: Works, rounds: int, clock: Callable[[], float] = all_cpu
) -> Row:
    """The row of one kind of work; unit: what its size counts."""
    sizes = sorted(works)
    seconds = turns({str(size): works[size] for size in sizes}, rounds, clock)
    return growth_row(what, unit, sizes, [seconds[str(size)] for size in sizes])


def growth_row(
    what: str, unit: str, sizes: Sequence[float], seconds: Sequence[Sequence[float] | Any]
) -> Row:
    """The exponent of seconds (sizes, rounds) in the sizes."""
    times = np.array(seconds, dtype=np.float64)
    x = np.repeat(np.log(sizes), times.shape[1])
    found = slope_interval(x, np.log(times).ravel())
    last = np.median(times, axis=1)[-2:]
    end = float(np.diff(np.log(last))[0] / np.diff(np.log(sizes[-2:]))[0])
    return Row(
        kind="growth",
        what=what,
        sizes=f"{sizes[0]:,.0f} to {sizes[-1]:,.0f} {unit}",
        ratio=found.value,
        low=found.lower,
        high=found.upper,
        ours=float(last[-1]),
        note=f"{end:.2f} between the two largest; {last[-1]:.3g} s at the largest",
    )


def smooth_eces(quick: bool, rounds: int) -> list[Row]:
    """SmoothECE in predictions."""
    sizes = [1000, 2000, 4000] if quick else [10**5, 3 * 10**5, 10**6, 3 * 10**6, 10**7]
    works = {}
    for n in sizes:
        p, y = predictions.predictions(n, 1.5)
        works[n] = partial(smooth_ece, p, y, predictions.GRID, predictions.TOLERANCE)
    return [fitted("SmoothECE", "predictions", works, rounds)]


def multicalibration(new: Callable[[], Any], quick: bool, rounds: int) -> list[Row]:
    """Fit and predict, in rows at 20 groups, and in groups at 100,000 rows."""
    name = type(new()).__name__
    rows = [500, 1000, 2000] if quick else [10**5, 2 * 10**5, 4 * 10**5, 8 * 10**5]
    groups = [2, 4, 8] if quick else [10, 20, 40, 80]
    fixed_groups, fixed_rows = (3, 500) if quick else (20, 10**5)

    def works(shapes: Mapping[float, tuple[int, int]]) -> Works:
        made = {size: multicalibrators.population(*shape, 0) for size, shape in shapes.items()}
        return {
            size: lambda d=data: new().fit(*d).predict(d[0], d[2]) for size, data in made.items()
        }

    by_rows = works({n: (n, fixed_groups) for n in rows})
    by_groups = works({g: (fixed_rows, g) for g in groups})
    return [
        fitted(f"{name}: fit and predict, {fixed_groups} groups", "rows", by_rows, rounds),
        fitted(f"{name}: fit and predict, {fixed_rows:,} rows", "groups", by_groups, rounds),
    ]


def training(quick: bool, rounds: int) -> list[Row]:
    """Each family's training, one seed after another."""
    steps, sizes = (2, [1, 2, 3]) if quick else (50, [1, 2, 4, 8])

    def seeds(family: Any, count: int) -> None:
        for seed in range(count):
            family.train(steps, seed)

    return [
        fitted(f"training, {f.name}", "seeds", {s: partial(seeds, f, s) for s in sizes}, rounds)
        for f in families()
    ]


def dry_runs(quick: bool, rounds: int) -> list[Row]:
    """`snakemake --dry-run` with nothing there, in jobs."""
    found: dict[float, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seeds in (1, 2, 3) if quick else (140, 280, 560, 1100):
            own = dry_run.settings(seeds) | ({"scale": "smoke"} if quick else {})
            tree = copy_project(dry_run.PROJECT, Path(folder) / str(seeds), own)
            spent = [dry_run.measure(dry_run.DRY, tree) for _ in range(rounds)]
            jobs = float(dry_run.jobs(spent[0].said).split()[0])
            found[jobs] = [one.cpu_s for one in spent]
    return [growth_row("snakemake --dry-run", "jobs", list(found), list(found.values()))]


def audits(quick: bool, rounds: int) -> list[Row]:
    """`lemmata audit --all --full`, in files of one tree."""
    with tempfile.TemporaryDirectory() as folder:
        works: dict[float, Callable[[], object]] = {}
        for seeds in (1, 2, 3) if quick else (10, 40, 160, 640):
            own = audit.SMALL | {"calibration": {"seeds": list(range(seeds))}}
            tree = audit.pretended(Path(folder) / str(seeds), own)
            copies = audit.copied(tree, Path(folder) / f"copy{seeds}", 1)
            works[len(copies.files)] = partial(copies.audit, True)
        return [fitted("lemmata audit --all --full", "files", works, rounds)]


PIECES: dict[str, Callable[[bool, int], list[Row]]] = {
    "smooth_ece": smooth_eces,
    "hkrr": partial(multicalibration, lambda: HKRR(multicalibrators.ALPHA)),
    "hjz": partial(multicalibration, lambda: HJZ("hedge", 0.9)),
    "training": training,
    "dry_run": dry_runs,
    "audit": audits,
}


def main() -> None:
    """Measure the pieces that are asked for."""
    parser = options(__doc__, rounds=3)
    parser.add_argument("--only", nargs="+", choices=list(PIECES), default=list(PIECES))
    args = parser.parse_args()
    one_thread()
    report = Report(args.rows)
    for name in args.only:
        for row in PIECES[name](args.quick, args.rounds):
            report.add(row)


if __name__ == "__main__":
    main()
