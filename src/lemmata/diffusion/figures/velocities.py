"""Paths to two point masses along the weighted and along the plain average of velocities."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

NAMES = {"weighted": "weighted by the posterior", "plain": "plain average"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.velocities` makes it."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.3), sharey=True)
        for ax, (field, name) in zip(axes, NAMES.items(), strict=True):
            paths = table[table["field"] == field].pivot_table(
                index="level", columns="particle", values="x"
            )
            ax.plot(paths.index, paths, color=PALETTE["blue"], lw=0.5, alpha=0.6)
            for point in (-1.0, 2.0):
                ax.plot(0, point, marker="o", color=PALETTE["vermillion"], ms=4, zorder=3)
            ax.set_xlim(4.0, -0.1)  # the lines are straight before
            ax.set_ylim(-6.0, 7.0)
            ax.set_xlabel("noise level")
            letter(ax, name)
        axes[0].set_ylabel("$x$")
    return fig
