"""Probe accuracy and label-free metrics against the step, a column a method."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lemmata.plotting import TEXT_WIDTH, style
from lemmata.self_supervised.figures.trained_look import COLOURS, METHODS, known_methods

ROWS: Final = {
    "accuracy": "probe\naccuracy",
    "lidar": "LiDAR",
    "rankme": "RankMe",
    "alpha": "$\\alpha$\n(alpha-ReQ)",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.along_training` makes it. Lines: means; bands: the range of the seeds."""
    methods = known_methods(table)
    with style():
        fig, grid = plt.subplots(
            len(ROWS),
            len(methods),
            figsize=(TEXT_WIDTH, 0.72 * TEXT_WIDTH),
            squeeze=False,
            sharex="col",
        )
        for method, column in zip(methods, grid.T, strict=True):
            own = table[table["method"] == method]
            for quantity, ax in zip(ROWS, column, strict=True):
                _line(ax, own, quantity, COLOURS[method])
            column[0].set_title(METHODS[method])
            column[-1].set_xlabel("step")
        for (_, name), ax in zip(ROWS.items(), grid[:, 0], strict=True):
            ax.set_ylabel(name)
        fig.align_ylabels(grid[:, 0])
    return fig


def _line(ax: Axes, runs: pd.DataFrame, quantity: str, colour: str) -> None:
    values = runs.groupby("step")[quantity]
    mean, low, high = values.mean(), values.min(), values.max()
    ax.fill_between(mean.index, low, high, color=colour, alpha=0.25, lw=0)
    ax.plot(mean.index, mean, "o-", color=colour, ms=2.5, lw=1.0)
    ax.xaxis.set_major_locator(MaxNLocator(2, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(3))
