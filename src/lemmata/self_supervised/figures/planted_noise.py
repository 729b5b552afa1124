"""What encoders keep of planted noise and of the digits around it, and how LiDAR takes it."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, readable, style
from lemmata.self_supervised.figures.trained_look import COLOURS, METHODS, METRICS, known_methods

PANELS = {"noise": "planted noise explained ($R^2$)", "accuracy": "accuracy on the digit"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.bridge` makes it. Marks: means and ranges over seeds; right: every run."""
    methods = known_methods(table)
    order = _order(table)
    trained = table[table["point"] != "untrained"]
    with style():
        fig, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH, 0.4 * TEXT_WIDTH))
        for ax, (column, name), mark in zip(axes, PANELS.items(), "ab", strict=False):
            for number, method in enumerate(methods):
                _ranges(ax, table[table["method"] == method], column, order, number, method)
            ax.set_xticks(range(len(order)), [_point(p) for p in order], rotation=35, ha="right")
            ax.set_ylabel(name)
            letter(ax, mark)
        for method in methods:
            own = trained[trained["method"] == method]
            axes[2].scatter(own["noise"], own["lidar"], s=12, color=COLOURS[method], lw=0)
        axes[2].set_xlabel(PANELS["noise"])
        axes[2].set_ylabel(METRICS["lidar"])
        letter(axes[2], "c")
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=2)
    return fig


def _ranges(
    ax: Axes, runs: pd.DataFrame, column: str, order: list[str], number: int, method: str
) -> None:
    found = runs.groupby("point")[column].agg(["mean", "min", "max"]).reindex(order)
    x = np.arange(len(order)) + 0.2 * (number - 0.5)
    ax.vlines(x, found["min"], found["max"], color=COLOURS[method], lw=1.2)
    ax.plot(x, found["mean"], "o", color=COLOURS[method], label=METHODS[method])


def _order(table: pd.DataFrame) -> list[str]:
    """The points: untrained, base, and each setting's values from small to large."""
    own = table.drop_duplicates("point").set_index("point")
    first = {"untrained": -2, "base": -1}
    return sorted(
        own.index, key=lambda p: (first.get(p, 0), str(own["axis"][p]), float(own["value"][p] or 0))
    )


def _point(point: str) -> str:
    """A run's name for people: "encoder 4" of depth_4, four blocks."""
    return readable(point.replace("predictor_depth", "predictor").replace("depth", "encoder"))
