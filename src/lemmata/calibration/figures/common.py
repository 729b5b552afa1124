"""What several figures need."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lemmata.stats import mean_interval


def means(table: pd.DataFrame, by: str, value: str) -> pd.DataFrame:
    """Mean of `value` with its 95% interval over the rows of each `by`: by, mean, lower, upper."""
    rows = [(key, *mean_interval(group[value].to_numpy())[:3]) for key, group in table.groupby(by)]
    return pd.DataFrame(rows, columns=[by, "mean", "lower", "upper"])


def draw_means(ax: Axes, table: pd.DataFrame, by: str, value: str, **look: Any) -> None:
    """Markers with bars of 95% intervals over seeds, joined by a thin line."""
    found = means(table, by, value)
    bars = np.abs(found[["lower", "upper"]].to_numpy().T - found["mean"].to_numpy())  # (2, X)
    ax.errorbar(found[by], found["mean"], bars, capsize=2, lw=0.8, ls="-", **look)
