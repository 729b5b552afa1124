"""How far PCG and CFG-DDPM are apart on the same Brownian path, against the number of steps."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

OTHERS = ((PALETTE["reddish_purple"], "v"), (PALETTE["orange"], "D"))
"""Of the controls, the corrector weight below 2 gamma - 1 and that above."""


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.shared_noise` makes it."""
    weights = sorted(table["weight"].unique())
    with style():
        fig, axes = plt.subplots(
            1, len(weights), figsize=(TEXT_WIDTH, 2.5), sharey=True, squeeze=False
        )
        for ax, g in zip(axes.flat, weights, strict=True):
            own = table[table["weight"] == g]
            for number, (weight, part) in enumerate(own.groupby("corrector_weight")):
                right = part["kind"].iloc[0] == "right"
                colour, marker = OTHERS[number > 0]
                ax.loglog(
                    part["steps"],
                    part["rms"],
                    color=PALETTE["bluish_green"] if right else colour,
                    marker="^" if right else marker,
                    ls="-" if right else "--",
                    label=f"$\\gamma'={weight:g}$" + (" $= 2\\gamma - 1$" if right else ""),
                )
            first = own[own["kind"] == "right"].iloc[0]
            steps = own["steps"].unique()
            ax.loglog(
                steps,
                1.6 * first["rms"] * first["steps"] / steps,
                color="0.6",
                lw=0.8,
                ls=":",
                label="slope $-1$",
            )
            letter(ax, f"$\\gamma={g:g}$")
            ax.set_xlabel("steps")
            ax.legend(fontsize=6, loc="lower left")
        axes[0, 0].set_ylabel("RMS difference of $x_0$")
    return fig
