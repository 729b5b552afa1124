"""Predictions of exactly 0 or 1 count in full (arXiv 2309.12236, definition of the kernel).

relplot 1.0.3 and 1.0.1 are measured beside ours: their reflected array does not double the boundary
node, so mass at the ends counts half against the interior [derived, measured].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import relplot

from lemmata.calibration.populations import (
    WRONG_SHARE,
    hard_predictions,
    mixed_endpoints,
    saturated,
    saturated_ece,
)
from lemmata.calibration.relplot_versions import relplot_1_0_1
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.calibration.studies.result import generator
from lemmata.stats import Interval, Study, evidence_table, mean_interval, worst


@dataclass(frozen=True)
class Settings:
    """error_rates: of hard predictions; hard_shares: of the mixed population, of which those from
    `judged_from` on are judged; temperatures: of saturated confidences, which are not judged; n:
    sample size; seeds: samples of each case.
    """

    error_rates: tuple[float, ...]
    hard_shares: tuple[float, ...]
    temperatures: tuple[float, ...]
    judged_from: float
    n: int
    seeds: int
    grid_size: int
    tolerance: float


def study(settings: Settings) -> Study:
    """Columns part (hard, mixed, saturated), parameter, seed, true_ece, smooth_ece, relplot_*."""
    parts = {
        "hard": settings.error_rates,
        "mixed": settings.hard_shares,
        "saturated": settings.temperatures,
    }
    rows = [
        _measured(part, parameter, seed, settings)
        for part, parameters in parts.items()
        for parameter in parameters
        for seed in range(settings.seeds)
    ]
    table = pd.DataFrame(rows)
    mixed = (table["part"] == "mixed") & (table["parameter"] >= settings.judged_from)
    judged = table[(table["part"] == "hard") | mixed]
    evidence = {
        f"max_relative_error_{part}": worst(
            _relative_error(group) for _, group in rows_of_part.groupby("parameter")
        )
        for part, rows_of_part in judged.groupby("part")
    }
    return Study(table, evidence_table(evidence))


def _relative_error(group: pd.DataFrame) -> Interval:
    """|mean over seeds of smECE / true ECE - 1| with the interval that the mean's implies."""
    ratio = mean_interval(group["smooth_ece"] / group["true_ece"])
    low, high = ratio.lower - 1.0, ratio.upper - 1.0
    nearest = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    return Interval(abs(ratio.value - 1.0), nearest, max(abs(low), abs(high)), ratio.n)


def _measured(part: str, parameter: float, seed: int, settings: Settings) -> dict[str, object]:
    rng = generator(seed, ("hard", "mixed", "saturated").index(part), round(parameter * 1e6))
    if part == "hard":
        truth, (p, y) = parameter, hard_predictions(settings.n, parameter, rng)
    elif part == "saturated":
        truth, (p, y) = saturated_ece(parameter), saturated(settings.n, parameter, rng)
    else:
        truth = WRONG_SHARE * parameter
        p, y = mixed_endpoints(settings.n, parameter, rng)
    return {
        "part": part,
        "parameter": parameter,
        "seed": seed,
        "true_ece": truth,
        "smooth_ece": smooth_ece(p, y, settings.grid_size, settings.tolerance),
        "relplot_1_0_3": float(np.asarray(relplot.smECE(p, y))),
        "relplot_1_0_1": relplot_1_0_1(p, y),
    }
