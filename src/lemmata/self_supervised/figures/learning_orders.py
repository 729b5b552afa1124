"""Who is learned first, against depth, where lambda grows as rho falls."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, letter, style
from lemmata.self_supervised.figures.look import FEATURES, MARKERS, NAMES


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.learning_order` makes it; places by the simulated critical times."""
    times = table[(table["what"] == "time") & (table["data"] == "reversed")]
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(COLUMN_WIDTH, 2.5), sharey=True)
        for ax, name in zip(axes, NAMES, strict=True):
            own = times[times["objective"] == name]
            wide = own.pivot_table(index="depth", columns="feature", values="simulated")
            places = wide.rank(axis=1)
            for k, colour, marker in zip(places.columns, FEATURES, MARKERS, strict=False):
                rho = float(own.loc[own["feature"] == k, "rho"].iloc[0])
                label = f"$\\rho={rho:g}$"
                ax.plot(places.index, places[k], marker + "-", color=colour, label=label)
            ax.set_xticks(places.index)
            ax.set_xlabel("encoder depth $L$")
            letter(ax, NAMES[name])
        axes[0].set_ylabel("place in the order of learning")
        axes[0].set_yticks(range(1, len(FEATURES) + 1))
        axes[0].invert_yaxis()
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=3)
    return fig
