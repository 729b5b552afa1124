"""Binned ECE depends on the bins, SmoothECE on nothing that one must choose (arXiv 2309.12236)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.calibration.studies.result import Sample, Study
from lemmata.errors import LemmataError
from lemmata.stats import evidence_table, exact


@dataclass(frozen=True)
class Settings:
    """bins: of the ECE; grid_sizes, tolerances: of SmoothECE; largest_n: bigger samples are left
    out, as the question is one of small samples.
    """

    bins: tuple[int, ...]
    grid_sizes: tuple[int, ...]
    tolerances: tuple[float, ...]
    largest_n: int


def study(settings: Settings, samples: Sequence[Sample]) -> Study:
    """Columns name, seed, n, measure (binned_ece or smooth_ece), setting, value."""
    small = [sample for sample in samples if sample.p.size <= settings.largest_n]
    if not small:
        raise LemmataError(f"bin_sensitivity.largest_n = {settings.largest_n}: no sample so small")
    table = pd.concat([_measured(sample, settings) for sample in small], ignore_index=True)
    spread = table.groupby(["name", "seed", "measure"])["value"].agg(_relative_range).unstack()
    ratio = spread["smooth_ece"] / spread["binned_ece"]
    largest = exact(float(ratio.max()), len(small))
    return Study(table, evidence_table({"max_sensitivity_ratio": largest}))


def _relative_range(values: pd.Series) -> float:
    return float((values.max() - values.min()) / values.median())


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
    own = {"name": sample.name, "seed": sample.seed, "n": np.int64(sample.p.size)}
    return table.assign(**own)[["name", "seed", "n", "measure", "setting", "value"]]
