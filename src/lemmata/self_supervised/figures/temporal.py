"""Amplitudes over time of slow, clean and of fast, noisy features."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.self_supervised.figures.look import FEATURES, NAMES


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.temporal` makes it; paths of its first seed, times of every seed."""
    times = table[table["what"] == "time"]
    paths = table[table["what"] == "path"]
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.6), sharey=True)
        for ax, name in zip(axes, NAMES, strict=True):
            own = times[times["objective"] == name]
            scale = float(own["theory"].min())
            for colour, (feature, part) in zip(FEATURES, own.groupby("feature"), strict=True):
                path = paths[(paths["objective"] == name) & (paths["feature"] == feature)]
                lam, rho = part[["lam", "rho"]].iloc[0]
                label = f"{feature}: $\\lambda={lam:.2f}$, $\\rho={rho:.2f}$"
                ax.plot(path["time"] / scale, path["amplitude"], color=colour, label=label)
                ax.plot(part["theory"].iloc[0] / scale, 0.5, "o", mfc="white", ms=4, color=colour)
                ax.plot(part["simulated"] / scale, [0.5] * len(part), "|", ms=9, color=colour)
            letter(ax, NAMES[name])
            ax.set_xlabel("time / first $t^*$")
            ax.set_xlim(0.6, 1.15 * float(own["theory"].max()) / scale)
            ax.set_ylim(-0.05, 1.3)
        axes[0].set_ylabel("amplitude / its limit")
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=3)
    return fig
