"""Binned ECE, for contrast: it depends on the bins.

Naeini, Cooper, Hauskrecht (AAAI 2015); Guo, Pleiss, Sun, Weinberger (ICML 2017), equation 3.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lemmata.calibration.smooth_ece import checked_shapes, checked_unit
from lemmata.errors import LemmataError


def bin_table(p: ArrayLike, y: ArrayLike, bins: int) -> pd.DataFrame:
    """Counts and means of p, y (N,) per equal-width bin [lower, upper); 1 is in the last bin.

    ::

        lower  upper  count  mean_p  mean_y
        0.9    1.0    37     0.956   0.919

    Means of an empty bin are NaN. Raises LemmataError for predictions that `bin_predictions`
    refuses.
    """
    if bins < 1:
        raise LemmataError(f"bins = {bins}: must be at least 1")
    shaped_p, shaped_y = checked_shapes(p, y)
    x, outcome = checked_unit(shaped_p, "p"), checked_unit(shaped_y, "y")
    edges = np.arange(bins + 1) / bins  # (B + 1,)
    index = np.minimum(np.searchsorted(edges, x, side="right") - 1, bins - 1)  # (N,)
    count = np.bincount(index, minlength=bins)  # (B,)
    sums = [np.bincount(index, weights=w, minlength=bins) for w in (x, outcome)]
    mean_p, mean_y = (
        np.divide(total, count, out=np.full(bins, np.nan), where=count > 0) for total in sums
    )
    return pd.DataFrame(
        {
            "lower": edges[:-1],
            "upper": edges[1:],
            "count": count,
            "mean_p": mean_p,
            "mean_y": mean_y,
        }
    )


def binned_ece(p: ArrayLike, y: ArrayLike, bins: int) -> float:
    """Mean over predictions of |mean y - mean p| of their bin."""
    table = bin_table(p, y, bins)
    gap = (table["mean_y"] - table["mean_p"]).abs()  # NaN in empty bins, which sum() leaves out
    return float((gap * table["count"]).sum() / table["count"].sum())


def support_ece(p: ArrayLike, y: ArrayLike) -> float:
    """ECE of a finite support: one bin for each distinct prediction, exact conditional means."""
    shaped_p, shaped_y = checked_shapes(p, y)
    x, outcome = checked_unit(shaped_p, "p"), checked_unit(shaped_y, "y")
    _, index = np.unique(x, return_inverse=True)
    return float(np.abs(np.bincount(index, weights=x - outcome)).sum() / x.size)
