"""Figure of the study bin_sensitivity: what one chooses moves binned ECE, not SmoothECE."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

FLOOR = 1e-6  # smaller ranges are drawn at it


def draw(table: pd.DataFrame) -> Figure:
    """Left: ECE over bin counts and SmoothECE's range over its settings, both by the median.
    Right: relative ranges, sorted by ECE's; those of at most 1e-6 are drawn as 1e-6.
    """
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.6))
        _draw_bins(left, table[table["measure"] == "binned_ece"])
        _draw_smooth(left, table[table["measure"] == "smooth_ece"])
        letter(left, f"a  each line: a model and seed, n ≤ {table['n'].max():,}")
        _draw_ranges(right, table)
    return fig


def _draw_bins(ax: Axes, binned: pd.DataFrame) -> None:
    bins = _bins(binned)
    label: str | None = "binned ECE"
    for _, rows in binned.assign(bins=bins).groupby(["name", "seed"]):
        median = rows["value"].median()
        if median > 0.0:  # nothing to compare for perfect predictions
            ax.plot(
                rows["bins"], rows["value"] / median, color=PALETTE["orange"], lw=0.7, alpha=0.5,
                label=label,
            )  # fmt: skip
            label = None
    ax.set(xscale="log", xlabel="number of bins", ylabel="calibration error / its median")
    ticks = [t for t in (5, 10, 20, 50, 100) if bins.min() <= t <= bins.max()]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.minorticks_off()


def _draw_smooth(ax: Axes, smooth: pd.DataFrame) -> None:
    """The largest range of SmoothECE / median over all its settings: hardly wider than a line."""
    median = smooth.groupby(["name", "seed"])["value"].transform("median")
    share = (smooth["value"] / median)[median > 0.0]
    ax.axhspan(
        share.min(), share.max(), color=PALETTE["blue"], lw=1.0, label="SmoothECE, all settings"
    )
    ax.legend(loc="upper left")


def _draw_ranges(ax: Axes, table: pd.DataFrame) -> None:
    groups = table.groupby(["name", "seed", "measure"])["value"]
    spread = ((groups.max() - groups.min()) / groups.median()).unstack()
    spread = spread.fillna(0.0).sort_values("binned_ece")  # 0 / 0: all values are 0
    rank = np.arange(1, len(spread) + 1)
    bins = _bins(table[table["measure"] == "binned_ece"])
    looks = {"binned_ece": (f"ECE, {bins.min()} to {bins.max()} bins", "orange", "^")}
    looks["smooth_ece"] = ("SmoothECE, grids and tolerances", "blue", "o")
    for column, (label, colour, marker) in looks.items():
        drawn = np.maximum(spread[column], FLOOR)
        ax.plot(rank, drawn, marker, color=PALETTE[colour], ms=3, mew=0, label=label)
    ax.set(yscale="log", xlabel="model and seed, sorted", ylabel="range / median")
    decades = [1e-4, 1e-2, 1.0]
    ax.set_yticks(
        [FLOOR, *decades], [f"≤ {FLOOR:.0e}".replace("e-0", "e-"), *(f"{d:g}" for d in decades)]
    )
    ax.minorticks_off()
    ax.set_ylim(FLOOR / 2, 100)
    ax.legend(loc="upper left")
    letter(ax, "b  over all settings")


def _bins(binned: pd.DataFrame) -> pd.Series:
    """The numbers of bins, from settings such as "15 bins"."""
    return binned["setting"].str.removesuffix(" bins").astype(int)
