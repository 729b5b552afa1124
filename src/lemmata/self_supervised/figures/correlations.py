"""Rank correlations of label-free metrics with accuracy: by method, and by sweep of I-JEPA."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, readable, style
from lemmata.self_supervised.figures.trained_look import (
    COLOURS,
    METHODS,
    METRICS,
    known_methods,
    metric_name,
)

SWEPT = "i_jepa"
BY_SWEEP = {"lidar": PALETTE["blue"], "rankme": PALETTE["vermillion"], "minus_loss": "0.5"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.selection` makes it."""
    known = table[(table["what"] == "correlation") & (table["statistic"] == "spearman")]
    whole = known[known["sweep"] == "all"]
    methods = known_methods(whole)
    deltas = [name for name in whole["metric"].unique() if name.startswith("lidar_")]
    metrics = [*deltas, *METRICS]
    swept = known[known["method"] == SWEPT]
    with style():
        fig, (left, right) = plt.subplots(
            1, 2, figsize=(TEXT_WIDTH, 0.6 * TEXT_WIDTH), width_ratios=(1.1, 1.0)
        )
        series = {
            METHODS[m]: (whole[whole["method"] == m].set_index("metric"), COLOURS[m])
            for m in methods
        }
        _forest(left, series, metrics, [metric_name(name) for name in metrics])
        letter(left, "a  all configurations of a method")
        sweeps = list(swept["sweep"].unique())
        series = {
            METRICS[m]: (swept[swept["metric"] == m].set_index("sweep"), colour)
            for m, colour in BY_SWEEP.items()
        }
        _forest(right, series, sweeps, [readable(name) for name in sweeps])
        letter(right, f"b  {METHODS[SWEPT]} by sweep")
    return fig


def _forest(
    ax: Axes,
    series: dict[str, tuple[pd.DataFrame, str]],
    rows: Sequence[str],
    names: Sequence[str],
) -> None:
    """A mark with its interval for each row and series, the series beside each other."""
    shifts = np.linspace(-0.32, 0.32, len(series))
    for (name, (own, colour)), shift in zip(series.items(), shifts, strict=True):
        there = [i for i, row in enumerate(rows) if row in own.index]
        found = own.loc[[rows[i] for i in there]]
        y = np.array(there) + shift
        ax.hlines(y, found["lower"], found["upper"], color=colour, lw=1.0)
        ax.plot(found["value"], y, "o", color=colour, ms=3, label=name)
    ax.axvline(0.0, color="0.7", lw=0.6, zorder=0)
    ax.set_xlim(-1.05, 1.05)
    ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), names)
    ax.set_xlabel("Spearman with probe accuracy")
    if series:
        ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.14), ncols=3, handletextpad=0.3)
