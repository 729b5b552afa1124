"""The flow from an annulus to a spiral: samples at the tutorial's times, and paths."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, style

SHOWN = 4.3


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.annulus` makes it; states and paths are of its first seed."""
    first = table[table["seed"] == table["seed"].min()]
    states = first[first["what"] == "state"]
    times = sorted(states["time"].unique(), reverse=True)
    with style():
        fig, axes = plt.subplots(
            2, 4, figsize=(TEXT_WIDTH, 0.52 * TEXT_WIDTH), sharex=True, sharey=True
        )
        panels = axes.ravel()
        for ax, time in zip(panels, times, strict=False):
            own = states[states["time"] == time]
            ax.scatter(own["x"], own["y"], s=1.5, color=PALETTE["blue"], lw=0, rasterized=True)
            ax.set_title(f"t = {time:g}", fontsize=7)
        paths = first[first["what"] == "path"].sort_values("time", ascending=False)
        for _, path in paths.groupby("path"):
            panels[-1].plot(path["x"], path["y"], color="0.5", lw=0.4)
        ends = paths[paths["time"] == 0.0]
        panels[-1].scatter(ends["x"], ends["y"], s=4, color=PALETTE["vermillion"], lw=0, zorder=3)
        panels[-1].set_title("paths", fontsize=7)
        for ax in panels:
            ax.set_aspect("equal")
            ax.set_xlim(-SHOWN, SHOWN)
            ax.set_ylim(-SHOWN, SHOWN)
        for ax in axes[-1]:
            ax.set_xlabel("$x_1$")
        for ax in axes[:, 0]:
            ax.set_ylabel("$x_2$")
    return fig
