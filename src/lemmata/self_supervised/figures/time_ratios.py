"""Critical times at equal lambda over those of the most influential feature, by rho and depth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, NullFormatter

from lemmata.plotting import COLUMN_WIDTH, letter, style
from lemmata.self_supervised.figures.look import NAMES, shade


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.learning_order` makes it. Lines: closed form; marks: matrix flow."""
    times = table[(table["what"] == "time") & (table["data"] == "equal")]
    curves = table[table["what"] == "ratio"]
    depths = sorted(int(depth) for depth in times["depth"].unique())
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(COLUMN_WIDTH, 2.6), sharey=True)
        for ax, name in zip(axes, NAMES, strict=True):
            for depth in depths:
                colour = shade(depths, depth)
                line = curves[(curves["objective"] == name) & (curves["depth"] == depth)]
                ax.plot(line["rho"], line["ratio"], color=colour, label=f"$L={depth}$")
                marks = times[(times["objective"] == name) & (times["depth"] == depth)]
                first = float(marks.sort_values("rho")["simulated"].iloc[-1])
                ax.plot(marks["rho"], marks["simulated"] / first, "o", mfc="none", color=colour)
            ax.axhline(1.0, color="0.6", ls=":", lw=0.8)
            ax.set_xlabel("regression\ncoefficient $\\rho$")
            ax.set_yscale("log")
            ax.yaxis.set_minor_formatter(NullFormatter())
            ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
            letter(ax, NAMES[name])
        axes[0].set_yticks([1, 1.5, 2])
        axes[0].set_ylabel("$t^*(\\rho)\\;/\\;t^*(0.9)$")
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=3)
    return fig
