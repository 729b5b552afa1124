"""Binned ECE depends on the bins, SmoothECE on nothing that one must choose (arXiv 2309.12236)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.calibration.studies.result import Sample, generator
from lemmata.errors import LemmataError
from lemmata.stats import Interval, Study, evidence_table


@dataclass(frozen=True)
class Settings:
    """bins: of the ECE; grid_sizes, tolerances: of SmoothECE; largest_n: bigger samples are left
    out, as the question is one of small samples; resamples, seed: of the bootstrap over models.
    """

    bins: tuple[int, ...]
    grid_sizes: tuple[int, ...]
    tolerances: tuple[float, ...]
    largest_n: int
    resamples: int
    seed: int


def study(settings: Settings, samples: Sequence[Sample]) -> Study:
    """Columns name, seed, n, measure (binned_ece or smooth_ece), setting, value."""
    small = [sample for sample in samples if sample.p.size <= settings.largest_n]
    if not small:
        raise LemmataError(f"bin_sensitivity.largest_n = {settings.largest_n}: no sample so small")
    table = pd.concat([_measured(sample, settings) for sample in small], ignore_index=True)
    values = table.groupby(["name", "seed", "measure"])["value"]
    middle = values.median()
    middle = middle.where(middle > 0.0, 1.0)  # perfect predictions: every value is 0
    spread = ((values.max() - values.min()) / middle).unstack()
    by_model = spread.groupby("name").mean()
    return Study(table, evidence_table({"sensitivity_ratio": _ratio_of_means(by_model, settings)}))


def _ratio_of_means(spread: pd.DataFrame, settings: Settings) -> Interval:
    """Mean over models of SmoothECE's spread by that of binned ECE, with a bootstrap interval.

    Of means, because where the residuals of a model have one sign, or its predictions few values,
    the bins do not matter: its own ratio would be a division by zero.
    """
    smooth, binned = (spread[name].to_numpy() for name in ("smooth_ece", "binned_ece"))
    shape = (settings.resamples, smooth.size)
    drawn = generator(settings.seed).integers(0, smooth.size, size=shape)  # (R, models)
    top, bottom = smooth[drawn].mean(axis=1), binned[drawn].mean(axis=1)  # (R,) each
    ratios = np.divide(top, bottom, out=np.full_like(top, np.inf), where=bottom > 0.0)
    lower, upper = np.quantile(ratios, [0.025, 0.975], method="nearest")  # between infinities
    if not np.isfinite(upper):
        raise LemmataError(
            f"bin_sensitivity: of {smooth.size} models too few have an ECE that depends on the bins"
        )
    return Interval(float(smooth.mean() / binned.mean()), float(lower), float(upper), smooth.size)


def _measured(sample: Sample, settings: Settings) -> pd.DataFrame:
    binned = [
        ("binned_ece", f"{bins} bins", binned_ece(sample.p, sample.y, bins))
        for bins in settings.bins
    ]
    smooth = [
        ("smooth_ece", f"M={M}, tol={tol:g}", smooth_ece(sample.p, sample.y, M, tol))
        for M in settings.grid_sizes
        for tol in settings.tolerances
    ]
    table = pd.DataFrame(binned + smooth, columns=["measure", "setting", "value"])
    table.insert(0, "name", sample.name)
    table.insert(1, "seed", sample.seed)
    table.insert(2, "n", sample.p.size)
    return table
