"""Products of positional vectors by distance, with and without the positional regularizer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

TITLES = {
    "local": "i - j = 1",
    "periodic": "(i - j) mod 3 = 1",
    "near": "i - j < 3",
    "far": "i - j > 5",
    "prime": "i - j prime",
}


def draw(table: pd.DataFrame, longest: int) -> Figure:
    """table: as `studies.positional_product` makes it; longest: distance in training windows."""
    relations = [name for name in TITLES if name in set(table["relation"])]
    penalties = sorted(table["penalty"].unique())
    with style():
        fig, axes = plt.subplots(
            len(penalties),
            len(relations),
            figsize=(TEXT_WIDTH, 0.6 + 1.2 * len(penalties)),
            squeeze=False,
            sharex=True,
            sharey=True,
        )
        for row, penalty in zip(axes, penalties, strict=True):
            for ax, relation in zip(row, relations, strict=True):
                own = table[(table["relation"] == relation) & (table["penalty"] == penalty)]
                _panel(ax, own, longest)
                if ax in axes[0]:
                    letter(ax, TITLES[relation])
            row[0].set_ylabel(f"$\\lambda$ = {penalty:g}")
        fig.supylabel("mean product f(i, j)", fontsize=8)
        fig.supxlabel("distance i - j (positions; trained ones shaded)", fontsize=8)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=2)
    return fig


def _panel(ax: Axes, rows: pd.DataFrame, longest: int) -> None:
    ax.axvspan(0, longest - 1, color="0.92", lw=0)
    by = rows.groupby("distance")
    means = by["mean"].mean()
    target = by["target"].first()
    ax.plot(target.index, target, color="0.45", lw=0.7, label="target")
    ax.fill_between(
        means.index, by["mean"].min(), by["mean"].max(), color=PALETTE["blue"], alpha=0.3, lw=0
    )
    ax.plot(means.index, means, color=PALETTE["blue"], lw=0.9, label="learned; band: all seeds")
