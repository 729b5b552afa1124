"""Binned ECE with equal-width bins, for contrast: it depends on the number of bins."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lemmata.calibration.smooth_ece import checked


def bin_table(p: ArrayLike, y: ArrayLike, bins: int) -> pd.DataFrame:
    """One row per equal-width bin of [0, 1]: its edges, count, mean prediction, mean outcome.

    p, y: (N,). The last bin holds p = 1. Empty bins have count 0 and means NaN.
    """
    p, y = checked(p, y)
    index = np.minimum((p * bins).astype(np.int64), bins - 1)  # (N,)
    count = np.bincount(index, minlength=bins)  # (bins,)
    with np.errstate(invalid="ignore"):
        mean_p = np.bincount(index, p, bins) / count
        mean_y = np.bincount(index, y, bins) / count
    edges = np.linspace(0.0, 1.0, bins + 1)
    return pd.DataFrame(
        {"left": edges[:-1], "right": edges[1:], "count": count, "mean_p": mean_p, "mean_y": mean_y}
    )


def binned_ece(p: ArrayLike, y: ArrayLike, bins: int) -> float:
    """Expected calibration error: sum over bins of (share of points) |mean p - mean y|."""
    table = bin_table(p, y, bins)
    gap = (table["mean_p"] - table["mean_y"]).abs().fillna(0.0)
    return float((gap * table["count"]).sum() / table["count"].sum())
