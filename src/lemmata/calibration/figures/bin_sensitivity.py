"""Figure of the study bin_sensitivity: what one chooses moves binned ECE, not SmoothECE."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.calibration.figures.common import letter
from lemmata.plotting import PALETTE, TEXT_WIDTH, style

FLOOR = 1e-6  # where a range of 0 is drawn


def draw(table: pd.DataFrame) -> Figure:
    """Left: ECE over bin counts, by its median. Right: relative ranges, sorted by ECE's."""
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.6))
        _draw_bins(left, table[table["measure"] == "binned_ece"])
        _draw_ranges(right, table)
    return fig


def _draw_bins(ax: Axes, binned: pd.DataFrame) -> None:
    bins = binned["setting"].str.removesuffix(" bins").astype(int)
    for _, rows in binned.assign(bins=bins).groupby(["name", "seed"]):
        ax.plot(
            rows["bins"], rows["value"] / rows["value"].median(), color=PALETTE["orange"], lw=0.7,
            alpha=0.5,
        )  # fmt: skip
    ax.axhline(1.0, color="0.4", lw=0.8, ls="--")
    ax.set(xscale="log", xlabel="number of bins", ylabel="binned ECE / its median")
    ticks = [t for t in (5, 10, 20, 50, 100) if bins.min() <= t <= bins.max()]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.minorticks_off()
    letter(ax, "a  each line: a model and seed, n ≤ 1000")


def _draw_ranges(ax: Axes, table: pd.DataFrame) -> None:
    groups = table.groupby(["name", "seed", "measure"])["value"]
    spread = ((groups.max() - groups.min()) / groups.median()).unstack().sort_values("binned_ece")
    rank = np.arange(1, len(spread) + 1)
    looks = {"binned_ece": ("ECE, 5 to 100 bins", "orange", "^")}
    looks["smooth_ece"] = ("SmoothECE, grids and tolerances", "blue", "o")
    for column, (label, colour, marker) in looks.items():
        drawn = np.maximum(spread[column], FLOOR)
        ax.plot(rank, drawn, marker, color=PALETTE[colour], ms=3, mew=0, label=label)
    ax.set(yscale="log", xlabel="model and seed, sorted", ylabel="range / median")
    decades = [1e-4, 1e-2, 1.0]
    ax.set_yticks([FLOOR, *decades], ["0", *(f"{d:g}" for d in decades)])
    ax.minorticks_off()
    ax.set_ylim(FLOOR / 2, 100)
    ax.legend(loc="upper left")
    letter(ax, "b  over all settings")
