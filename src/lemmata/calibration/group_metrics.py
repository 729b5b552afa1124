"""Measures by group as a table, the worst group, and the noise floor of the worst group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.inputs import Floats, checked_inputs
from lemmata.errors import LemmataError

ALL: Final = "all"
"""The row of a group table that is about every row of the data."""
LEAST_P: Final = 1e-15
"""Probability that the log loss takes for 0, as scikit-learn once did."""


@dataclass(frozen=True)
class Floor:
    """The largest SmoothECE over groups that calibrated predictions would show.

    mean, upper (95% quantile) over replicates; p_value: share of replicates at or above the
    observed one, one added to both.
    """

    mean: float
    upper: float
    p_value: float


def group_table(
    p: ArrayLike,
    y: ArrayLike,
    groups: ArrayLike,
    names: Sequence[str],
    *,
    bins: int,
    grid_size: int,
    tolerance: float,
) -> pd.DataFrame:
    """Measures of p (N,), y (N,) over all rows and in each group (N, G), G names.

    ::

        group  n    mean_p mean_y accuracy brier log_loss binned_ece smooth_ece
        all    4038 0.31   0.30   0.74     0.17  0.51     0.012      0.015
        poor   214  0.45   0.52   0.68     0.21  0.62     0.074      0.071

    accuracy: of round(p), one half down [official code: NumPy's round]. Raises LemmataError for bad
    input and for names that are not one per group.
    """
    x, outcome, flags = checked_inputs(p, y, groups)
    if len(names) != flags.shape[1] or ALL in names:
        raise LemmataError(f"groups: {flags.shape[1]} columns, names {list(names)}; 'all' is taken")
    member = np.column_stack([np.ones(len(x), dtype=bool), flags])  # (N, G + 1)
    weights = member / member.sum(axis=0)  # (N, G + 1)
    inner = np.clip(x, LEAST_P, 1.0 - LEAST_P)
    measures = {
        "mean_p": x,
        "mean_y": outcome,
        "accuracy": np.round(x) == outcome,
        "brier": (x - outcome) ** 2,
        "log_loss": -np.where(outcome == 1, np.log(inner), np.log1p(-inner)),
    }
    columns = np.stack(list(measures.values())).astype(np.float64) @ weights  # (5, G + 1)
    return pd.DataFrame(
        {
            "group": [ALL, *names],
            "n": member.sum(axis=0).astype(np.int64),
            **dict(zip(measures, columns, strict=True)),
            "binned_ece": group_binned_ece(x, outcome, member, bins),
            "smooth_ece": group_smooth_ece(x, outcome, member, grid_size, tolerance),
        }
    )


def group_binned_ece(p: ArrayLike, y: ArrayLike, groups: ArrayLike, bins: int) -> Floats:
    """Binned ECE (G,) of the rows of each group, as `binned_ece` has it; 1 is in the last bin."""
    x, outcome, flags = checked_inputs(p, y, groups)
    edges = np.arange(bins + 1) / bins
    index = np.minimum(np.searchsorted(edges, x, side="right") - 1, bins - 1)  # (N,)
    residual = np.zeros((bins, flags.shape[1]))
    for b in range(bins):
        rows = index == b
        residual[b] = (x - outcome)[rows] @ flags[rows]
    found: Floats = np.abs(residual).sum(axis=0) / flags.sum(axis=0)
    return found


def worst_group(table: pd.DataFrame) -> dict[str, Any]:
    """Largest measures over the groups of a group table, the row of all rows left out.

    max_smooth_ece with worst_group, the group that has it, and max_binned_ece.
    """
    groups = table[table["group"] != ALL]
    worst = groups.iloc[int(groups["smooth_ece"].to_numpy().argmax())]
    return {
        "max_smooth_ece": float(worst["smooth_ece"]),
        "worst_group": str(worst["group"]),
        "max_binned_ece": float(groups["binned_ece"].max()),
    }


def floor(null: Floats, observed: float) -> Floor:
    """The floor from null values (R,) of the max SmoothECE over groups; observed: the real one."""
    above = np.count_nonzero(null >= observed)
    p_value = (1 + above) / (1 + null.size)
    return Floor(float(null.mean()), float(np.quantile(null, 0.95)), float(p_value))
