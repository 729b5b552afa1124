"""SmoothECE of a calibrated predictor falls as n^(-1/3) (arXiv 2309.12236; constant [derived])."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lemmata.calibration.populations import calibrated_uniform, null_law
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.calibration.studies.result import generator
from lemmata.stats import Study, evidence_table, mean_interval, worst


@dataclass(frozen=True)
class Settings:
    """sizes: how many, log-spaced from `smallest` to `largest`; seeds: samples of each size."""

    sizes: int
    smallest: int
    largest: int
    seeds: int
    grid_size: int
    tolerance: float


def study(settings: Settings) -> Study:
    """SmoothECE of uniform, calibrated predictions; columns n, seed, smooth_ece, law."""
    sizes = np.unique(
        np.rint(np.geomspace(settings.smallest, settings.largest, settings.sizes)).astype(np.int64)
    )
    rows = [
        {"n": int(n), "seed": seed, "smooth_ece": _one(int(n), seed, settings), "law": null_law(n)}
        for seed in range(settings.seeds)
        for n in sizes
    ]
    table = pd.DataFrame(rows)
    ratios = [mean_interval(group["smooth_ece"] / group["law"]) for _, group in table.groupby("n")]
    slopes = [
        np.polyfit(np.log(group["n"]), np.log(group["smooth_ece"]), 1)[0]
        for _, group in table.groupby("seed")
    ]
    evidence = {
        "log_log_slope": mean_interval(slopes),
        "min_ratio_to_prediction": worst(ratios, largest=False),
        "max_ratio_to_prediction": worst(ratios),
    }
    return Study(table, evidence_table(evidence))


def _one(n: int, seed: int, settings: Settings) -> float:
    p, y = calibrated_uniform(n, generator(seed, n))
    return smooth_ece(p, y, settings.grid_size, settings.tolerance)
