"""Critical times of plain gradient descent over those of the theory, feature by feature."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, letter, style
from lemmata.self_supervised.figures.look import FEATURES, MARKERS, NAMES

RUN = ["depth", "eps", "learning_rate", "seed"]


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.descent` makes it."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(COLUMN_WIDTH, 3.3))
        for ax, name in zip(axes, NAMES, strict=True):
            runs = list(table[table["objective"] == name].groupby(RUN))
            for place, (_, own) in enumerate(runs):
                depth, eps, rate, seed = (own[key].iloc[0] for key in RUN)
                turned = ", rotated" if int(seed) >= 0 else ""
                label = f"$L={depth}$, $\\epsilon={eps:g}$,\nrate {rate:g}{turned}"
                ax.plot(
                    own["rho"],
                    100 * (own["ratio"] - 1),
                    MARKERS[place % len(MARKERS)] + "-",
                    color=FEATURES[place % len(FEATURES)],
                    mfc="none",
                    label=label,
                )
            ax.axhline(0.0, color="0.6", ls=":", lw=0.8)
            ax.set_xlabel("$\\rho$")
            letter(ax, NAMES[name])
            ax.legend(fontsize=5.5, loc="upper center", bbox_to_anchor=(0.4, -0.2))
        axes[0].set_ylabel("$t^*$ of descent over theory $-$ 1 (%)")
    return fig
