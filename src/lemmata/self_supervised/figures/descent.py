"""Critical times of plain gradient descent over those of the theory, feature by feature."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style
from lemmata.self_supervised.figures.look import NAMES

RUN = ["depth", "eps", "learning_rate", "seed"]
COLOURS = list(PALETTE.values())
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.descent` makes it."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.5))
        for ax, name in zip(axes, NAMES, strict=True):
            runs = table[table["objective"] == name].groupby(RUN)
            for place, (_, own) in enumerate(runs):
                depth, eps, rate, seed = (own[key].iloc[0] for key in RUN)
                turned = f", rotated ({seed})" if seed >= 0 else ""
                label = f"{NAMES[name]}, $L={depth}$, $\\epsilon={eps:g}$, rate {rate:g}{turned}"
                ax.plot(
                    own["rho"],
                    100 * (own["ratio"] - 1),
                    MARKERS[place % len(MARKERS)] + "-",
                    color=COLOURS[place % len(COLOURS)],
                    mfc="none",
                    label=label,
                )
            ax.axhline(0.0, color="0.6", ls=":", lw=0.8)
            ax.set_xlabel("$\\rho$")
            letter(ax, NAMES[name])
        axes[0].set_ylabel("$t^*$ of descent\nover theory $-$ 1 (%)")
        fig.legend(loc="outside right upper", fontsize=6)
    return fig
