"""The features that the studies of linear networks learn: rho falls, lambda is equal or grows."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from lemmata.self_supervised.linear.scalar import (
    Objective,
    amplitude_limit,
    critical_time,
    measurable,
)

Floats = NDArray[np.float64]
RHO: Final = (0.9, 0.75, 0.6, 0.5, 0.4)
LAMBDA: Final = {"equal": (1.0,) * 5, "reversed": (1.0, 1.1, 1.2, 1.3, 1.4)}
"""The order by lambda and the order by rho agree on nothing in `reversed` [ours]."""
SHARE: Final = 0.5
"""A feature is learned when its amplitude reaches this share of its limit."""


def features(data: str, count: int = 5) -> tuple[Floats, Floats]:
    """lambda and rho (D,) of one of the data sets, or as many more in between."""
    places = np.linspace(0, len(RHO) - 1, count)
    return tuple(np.interp(places, range(len(RHO)), v) for v in (LAMBDA[data], RHO))  # type: ignore[return-value]


def order(times: pd.Series[float], by: pd.Series[float]) -> float:
    """Spearman's correlation of critical times (D,) with another quantity of the features.

    Without rounding errors: features in exactly the opposite order give -1 and nothing near it.
    """
    return round(float(spearmanr(times, by).statistic), 12)


def theory(
    objective: Objective, depth: int, lam: Floats, rho: Floats, eps: float
) -> tuple[Floats, Floats]:
    """Critical times and limits of the amplitudes (D,); times that cannot be measured are nan."""
    times = [
        critical_time(objective, depth, a, r, eps, SHARE)
        if measurable(objective, depth, r, eps, SHARE)
        else np.nan
        for a, r in zip(lam, rho, strict=True)
    ]
    limits = [amplitude_limit(objective, depth, r) for r in rho]
    return np.array(times), np.array(limits)
