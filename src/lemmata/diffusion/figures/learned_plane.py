"""Learned scores in the plane: distance to the powered law by weight, steps and sampler."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion.figures.look import in_order, look, mean_and_range
from lemmata.plotting import TEXT_WIDTH, style

COLUMNS = {
    "energy": "energy distance to powered",
    "sliced": "sliced $W_1$ to powered",
    "trace": "trace of covariance",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.learned_plane` makes it; at the largest number of steps."""
    finest = table[table["steps"].isin([0, table["steps"].max()])]
    with style():
        fig, axes = plt.subplots(1, len(COLUMNS), figsize=(TEXT_WIDTH, 2.5))
        for ax, (column, name) in zip(axes, COLUMNS.items(), strict=True):
            for sampler in in_order(set(finest["sampler"])):
                own = finest[finest["sampler"] == sampler].groupby("weight")[column]
                colour, marker, label = look(sampler)
                mean_and_range(ax, own, colour, marker=marker, label=label)
            ax.set_xticks(sorted(finest["weight"].unique()))
            ax.set_xlabel("guidance weight $\\gamma$")
            ax.set_ylabel(name)
        axes[0].set_yscale("symlog", linthresh=1e-3)
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=4)
    return fig
