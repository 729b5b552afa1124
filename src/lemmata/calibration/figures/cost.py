"""Figure of the study cost: seconds against sample size."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, style


def draw(table: pd.DataFrame) -> Figure:
    """Medians of the repeats with their range, and the slope of linear time."""
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.6))
        looks = {"binning_s": ("binning, sees all n", "blue", "o")}
        looks["solve_s"] = ("solving, sees the grid", "orange", "^")
        for column, (label, colour, marker) in looks.items():
            times = table.groupby("n")[column]
            median = times.median()
            bars = np.stack([median - times.min(), times.max() - median])  # (2, sizes)
            ax.errorbar(
                median.index, median, bars, capsize=2, lw=0.8, marker=marker, label=label,
                color=PALETTE[colour],
            )  # fmt: skip
        last = table.groupby("n")["binning_s"].median().iloc[-1:]
        n = np.array([last.index[0] / 100, last.index[0]])
        ax.plot(n, last.iloc[0] * n / n[-1], color="0.4", lw=0.9, ls="--", label="linear in n")
        ax.set(xscale="log", yscale="log", xlabel="sample size n", ylabel="seconds, one thread")
        ax.legend(loc="upper left")
    return fig
