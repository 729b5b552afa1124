"""Accuracy of a probe against RankMe and LiDAR, and the rank correlation of every metric."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from lemmata.plotting import PALETTE, TEXT_WIDTH, style
from lemmata.self_supervised.figures.look import FEATURES, MARKERS

SHOWN = {"rankme": "RankMe", "lidar": "LiDAR"}
BARS = {
    "lidar": "LiDAR, $\\delta=10^{-4}$",
    "lidar_1e-06": "LiDAR, $\\delta=10^{-6}$",
    "lidar_0.01": "LiDAR, $\\delta=10^{-2}$",
    "lidar_few": "LiDAR, fewer views",
    "lidar_debiased": "LiDAR, debiased",
    "rankme": "RankMe",
    "effective_rank": "effective rank",
    "participation_ratio": "participation ratio",
    "minus_alpha": "$-\\alpha$-ReQ",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.controlled_family` makes it; points are of its first seed."""
    first = table[table["seed"] == table["seed"].iloc[0]]
    with style():
        fig, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH, 2.7), width_ratios=(1, 1, 1.1))
        for ax, (metric, name) in zip(axes, SHOWN.items(), strict=False):
            _points(ax, first, metric)
            ax.set_xlabel(name)
        axes[0].set_ylabel("accuracy of a linear probe")
        axes[1].sharey(axes[0])
        for place, metric in enumerate(BARS):
            values = [
                float(spearmanr(own[metric], own["accuracy"]).statistic)
                for _, own in table.groupby("seed")
            ]
            ours = PALETTE["blue"] if metric.startswith("lidar") else PALETTE["vermillion"]
            axes[2].plot(values, [place] * len(values), "o", mfc="none", color=ours)
        axes[2].set_yticks(range(len(BARS)), list(BARS.values()))
        axes[2].invert_yaxis()
        axes[2].set_xlim(-0.1, 1.02)
        axes[2].axvline(0, color="0.6", ls=":", lw=0.8)
        axes[2].set_xlabel("Spearman's correlation\nwith the accuracy")
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=5)
    return fig


def _points(ax: Axes, first: pd.DataFrame, metric: str) -> None:
    dimensions = sorted(first["noise_dimensions"].unique())
    for m, colour, marker in zip(dimensions, FEATURES, MARKERS, strict=False):
        own = first[first["noise_dimensions"] == m]
        label = f"{m} noise dimensions" if m == dimensions[0] else str(m)
        ax.plot(own[metric], own["accuracy"], marker, mfc="none", color=colour, label=label)
