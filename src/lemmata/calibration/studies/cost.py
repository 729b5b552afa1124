"""SmoothECE in near-linear time: only the binning pass sees all n points (arXiv 2309.12236)."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pandas as pd

from lemmata.calibration.populations import calibrated_uniform
from lemmata.calibration.smooth_ece import bin_predictions, solve
from lemmata.calibration.studies.result import generator
from lemmata.stats import Study, evidence_table, mean_interval


@dataclass(frozen=True)
class Settings:
    """sizes: sample sizes, growing; the last two are compared; repeats: timings of each."""

    sizes: tuple[int, ...]
    repeats: int
    grid_size: int
    tolerance: float


def study(settings: Settings) -> Study:
    """Columns n, repeat, binning_s, solve_s: wall-clock seconds on one thread of this machine."""
    rows = []
    for n in settings.sizes:
        p, y = calibrated_uniform(n, generator(0, n))
        bin_predictions(p, y, settings.grid_size)  # the first run pays for page faults
        for repeat in range(settings.repeats):
            start = time.perf_counter()
            binned = bin_predictions(p, y, settings.grid_size)
            middle = time.perf_counter()
            solve(binned, settings.tolerance)
            end = time.perf_counter()
            times = {"binning_s": middle - start, "solve_s": end - middle}
            rows.append({"n": n, "repeat": repeat, **times})
    table = pd.DataFrame(rows)
    small, large = (table[table["n"] == n].reset_index() for n in settings.sizes[-2:])
    evidence = {
        "binning_time_ratio": mean_interval(large["binning_s"] / small["binning_s"]),
        "total_seconds": mean_interval(large["binning_s"] + large["solve_s"]),
    }
    return Study(table, evidence_table(evidence))
