"""Accuracy of the linear probe against the training loss, a panel a method."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lemmata.plotting import TEXT_WIDTH, readable, style
from lemmata.self_supervised.figures.trained_look import METHODS, axis_look, known_methods
from lemmata.self_supervised.studies.selection import NOT_COMPARABLE


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.selection` makes it. A mark is a configuration, the mean of its seeds."""
    runs = table[(table["what"] == "run") & ~table["axis"].isin(NOT_COMPARABLE)]
    methods = known_methods(runs)
    looks = axis_look([axis for axis in runs["axis"].unique() if axis])
    with style():
        fig, axes = plt.subplots(
            1, len(methods), figsize=(TEXT_WIDTH, 0.36 * TEXT_WIDTH), squeeze=False
        )
        for method, ax in zip(methods, axes[0], strict=True):
            own = runs[runs["method"] == method]
            means = own.groupby(["axis", "point"])[["loss", "accuracy"]].mean().reset_index()
            for axis, (colour, marker) in looks.items():
                part = means[means["axis"] == axis]
                ax.scatter(
                    part["loss"],
                    part["accuracy"],
                    s=45 if axis == "" else 14,
                    color=colour,
                    marker=marker,
                    lw=0,
                    label=readable(axis) if axis else "base",
                )
            ax.set_title(METHODS[method], fontsize=7)
            ax.set_xlabel("training loss")
            ax.tick_params(axis="x", labelsize=6)
            ax.xaxis.set_major_locator(MaxNLocator(2))
        axes[0, 0].set_ylabel("probe accuracy")
        lines, names = axes[0, 0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside lower center", ncols=5)
    return fig
