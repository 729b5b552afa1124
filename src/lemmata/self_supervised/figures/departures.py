"""How far runs end from the theory's limit, by how they were started or trained."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.self_supervised.figures.look import FEATURES, MARKERS, NAMES


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.departures` makes it; a mark a feature and seed."""
    cases = list(dict.fromkeys(table["case"]))
    rows = {"ratio": "$t^*$ over theory", "share": "end over limit"}
    with style():
        fig, axes = plt.subplots(2, 2, figsize=(TEXT_WIDTH, 4.2), sharex=True, sharey="row")
        for column, name in enumerate(NAMES):
            own = table[table["objective"] == name]
            for (key, label), ax in zip(rows.items(), axes[:, column], strict=True):
                for k, part in own.groupby(own["feature"].astype(int)):
                    place = part["case"].map(cases.index).astype(float) + 0.13 * (k - 2)
                    ax.plot(
                        place,
                        part[key],
                        MARKERS[k],
                        mfc="none",
                        ms=3,
                        color=FEATURES[k],
                        label=f"$\\rho={part['rho'].iloc[0]:g}$",
                    )
                ax.axhline(1.0, color="0.6", ls=":", lw=0.8)
                ax.set_yscale("log")
                axes[list(rows).index(key), 0].set_ylabel(label)
            letter(axes[0, column], NAMES[name])
            axes[1, column].set_xticks(range(len(cases)), cases, rotation=40, ha="right")
        axes[0, 0].set_yticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
        axes[0, 0].minorticks_off()
        lines, names = axes[0, 0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=5)
    return fig
