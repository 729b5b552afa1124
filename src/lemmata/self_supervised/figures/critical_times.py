"""Critical times against the start: closed form, matrix flow, and the divergent terms."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.self_supervised.figures.look import NAMES, shade


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.critical_times` makes it; the largest rho above, the smallest below."""
    depths = sorted(int(depth) for depth in table["depth"].unique())
    with style():
        fig, axes = plt.subplots(1, 4, figsize=(TEXT_WIDTH, 2.7))
        cases = [(name, rho) for name in NAMES for rho in (table["rho"].max(), table["rho"].min())]
        for ax, (name, rho) in zip(axes, cases, strict=True):
            for depth in depths:
                own = table[(table["objective"] == name) & (table["depth"] == depth)]
                own = own[own["rho"] == rho].sort_values("eps")
                colour = shade(depths, depth)
                ax.loglog(own["eps"], own["closed"], color=colour, label=f"$L={depth}$")
                ax.loglog(own["eps"], own["asymptotic"], color="0.3", ls=":", lw=0.9)
                ax.loglog(own["eps"], own["flow"], "o", mfc="none", color=colour)
            letter(ax, f"{NAMES[name]}, $\\rho={rho:g}$")
            ax.set_xlabel("start $\\epsilon$")
        axes[0].set_ylabel("critical time $t^*$, $\\lambda=1$")
        lines, names = axes[0].get_legend_handles_labels()
        lines += [Line2D([], [], color="0.3", ls=":")]
        lines += [Line2D([], [], color="0.3", marker="o", mfc="none", ls="")]
        names += ["divergent terms", "matrix flow"]
        fig.legend(lines, names, loc="outside upper center", ncols=7)
    return fig
