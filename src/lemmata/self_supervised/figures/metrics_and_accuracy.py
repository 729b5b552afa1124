"""Accuracy of the linear probe against label-free metrics, a panel a method and metric."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lemmata.plotting import TEXT_WIDTH, readable, style
from lemmata.self_supervised.figures.trained_look import METHODS, METRICS, axis_look, known_methods
from lemmata.self_supervised.studies.selection import NOT_COMPARABLE

ROWS = ("lidar", "rankme")


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.selection` makes it. A mark is a configuration, the mean of its seeds."""
    swept = (table["what"] == "run") & ~table["axis"].isin(NOT_COMPARABLE)
    runs = table[swept]
    known = table[table["what"] == "correlation"]
    methods = known_methods(runs)
    looks = axis_look([axis for axis in runs["axis"].unique() if axis])
    with style():
        fig, grid = plt.subplots(
            2,
            len(methods),
            figsize=(TEXT_WIDTH, 0.52 * TEXT_WIDTH),
            squeeze=False,
            sharey="col",
        )
        for metric, row in zip(ROWS, grid, strict=True):
            for method, ax in zip(methods, row, strict=True):
                _marks(ax, runs[runs["method"] == method], metric, looks)
                ax.set_xlabel(METRICS[metric])
                ax.xaxis.set_major_locator(MaxNLocator(3))
                ax.set_title(_said(known, method, metric), fontsize=7)
        for method, ax in zip(methods, grid[0], strict=True):
            ax.set_title(f"{METHODS[method]}\n{ax.get_title()}", fontsize=7)
        for row in grid:
            row[0].set_ylabel("probe accuracy")
        shown: dict[str, Artist] = {}
        for ax in grid.ravel():
            lines, names = ax.get_legend_handles_labels()
            shown |= dict(zip(names, lines, strict=True))
        fig.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=5)
    return fig


def _marks(ax: Axes, runs: pd.DataFrame, metric: str, looks: dict[str, tuple[str, str]]) -> None:
    means = runs.groupby(["axis", "point"])[[metric, "accuracy"]].mean().reset_index()
    for axis in [name for name in looks if name in set(means["axis"])]:
        own, (colour, marker) = means[means["axis"] == axis], looks[axis]
        size = 45 if axis == "" else 14
        name = readable(axis) if axis else "base"
        ax.scatter(
            own[metric], own["accuracy"], s=size, color=colour, marker=marker, lw=0, label=name
        )


def _said(known: pd.DataFrame, method: str, metric: str) -> str:
    """Spearman's correlation of the whole sweep, where it was long enough to be ranked."""
    own = known[
        (known["method"] == method)
        & (known["metric"] == metric)
        & (known["sweep"] == "all")
        & (known["statistic"] == "spearman")
    ]
    return f"$\\rho_S$ = {own['value'].iloc[0]:.2f}" if len(own) else ""
