"""LiDAR against the number of samples, and against the number of views."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

COLOURS = (PALETTE["blue"], PALETTE["bluish_green"], PALETTE["vermillion"])


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.convergence` makes it; mean and range over seeds."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.7), sharey=True)
        most = {key: table[key].max() for key in ("samples", "views")}
        _panel(axes[0], table[table["views"] == most["views"]], "samples")
        _panel(axes[1], table[table["samples"] == most["samples"]], "views")
        letter(axes[0], f"$q={most['views']}$ views")
        letter(axes[1], f"$n={most['samples']}$ samples")
        axes[0].set_xlabel("samples $n$")
        axes[1].set_xlabel("views $q$")
        axes[0].set_ylabel("LiDAR")
        lines, names = axes[0].get_legend_handles_labels()
        lines += [Line2D([], [], color="0.3", ls=s) for s in ("-", "--", ":")]
        names += ["as defined", "debiased", "endless samples"]
        fig.legend(lines, names, loc="outside upper center", ncols=6)
    return fig


def _panel(ax: Axes, table: pd.DataFrame, key: str) -> None:
    for colour, (name, own) in zip(
        COLOURS, table.groupby("representation", sort=False), strict=True
    ):
        for debiased, line in ((False, "-"), (True, "--")):
            part = own[own["debiased"] == debiased].groupby(key)
            value = part["lidar"].agg(["mean", "min", "max"])
            label = None if debiased else str(name)
            ax.plot(value.index, value["mean"], color=colour, ls=line, marker="o", label=label)
            ax.fill_between(value.index, value["min"], value["max"], color=colour, alpha=0.2, lw=0)
            ax.plot(value.index, part["limit"].first(), color="0.3", ls=":", lw=0.9)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ticks = sorted(table[key].unique())
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.set_yticks([10, 20, 40], ["10", "20", "40"])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_minor_formatter(NullFormatter())
