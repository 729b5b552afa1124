"""Amplitudes of features over time, JEPA and MAE, the shallowest and the deepest encoder."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.self_supervised.figures.look import FEATURES, NAMES

ROWS = {"equal": "equal $\\lambda$", "reversed": "$\\lambda$ grows as $\\rho$ falls"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.learning_order` makes it. Circles: the times that theory predicts."""
    depths = (int(table["depth"].min()), int(table["depth"].max()))
    cases = [(name, depth) for name in NAMES for depth in depths]
    with style():
        fig, axes = plt.subplots(2, 4, figsize=(TEXT_WIDTH, 3.6), sharey=True)
        for row, data in zip(axes, ROWS, strict=True):
            for ax, (name, depth) in zip(row, cases, strict=True):
                own = table[table["data"] == data]
                own = own[(own["objective"] == name) & (own["depth"] == depth)]
                _panel(ax, own)
                if data == "equal":
                    letter(ax, f"{NAMES[name]}, $L={depth}$")
                else:
                    ax.set_xlabel("time / first $t^*$")
            row[0].set_ylabel(f"{ROWS[data]}\namplitude / its limit")
        lines, names = axes[0, 0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=5)
    return fig


def _panel(ax: Axes, own: pd.DataFrame) -> None:
    times = own[own["what"] == "time"].sort_values("feature")
    paths = own[own["what"] == "path"]
    first = float(times["theory"].min())
    for colour, (_, time) in zip(FEATURES, times.iterrows(), strict=True):
        path = paths[paths["feature"] == time["feature"]]
        label = f"$\\rho={time['rho']:g}$"
        ax.plot(path["time"] / first, path["amplitude"], color=colour, label=label)
        ax.plot(time["theory"] / first, 0.5, "o", ms=4, mfc="white", color=colour, zorder=3)
    last = float(times["theory"].max()) / first
    ax.set_xlim(min(0.75, 1 - 0.5 * (last - 1)), last + 0.25 * max(last - 1, 0.4))
    ax.set_ylim(-0.04, 1.08)
