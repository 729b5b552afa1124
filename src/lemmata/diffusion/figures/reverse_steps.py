"""The reverse step becomes Gaussian: its law at three step sizes, and the KL against step size."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.reverse_steps` makes it."""
    shown = table[table["what"] == "density"]
    sigmas = sorted(shown["sigma"].unique(), reverse=True)
    with style():
        fig, axes = plt.subplots(1, len(sigmas) + 1, figsize=(TEXT_WIDTH, 2.3))
        for ax, sigma in zip(axes, sigmas, strict=False):
            own = shown[shown["sigma"] == sigma]
            ax.fill_between(own["x"], own["data"], color="0.9", lw=0, label="data")
            ax.plot(own["x"], own["reverse"], color=PALETTE["blue"], label="reverse step")
            ax.plot(
                own["x"], own["gaussian"], color=PALETTE["vermillion"], ls="--", label="Gaussian"
            )
            letter(ax, f"$\\sigma={sigma:g}$")
            ax.set_xlabel("$x_0$ given $x_1=0.2$")
        axes[0].set_ylabel("density")
        kl = table[table["what"] == "kl"]
        for (_, centre), part in kl.groupby(["z", "centre"]):
            shifted, z = centre == "shifted", float(part["z"].iloc[0])
            axes[-1].loglog(
                part["sigma"],
                part["value"],
                color=PALETTE["bluish_green"] if shifted else PALETTE["reddish_purple"],
                ls="-" if shifted else "--",
                marker={-1.2: "o", 0.2: "s", 1.5: "^"}[z],
                label={True: "shifted centre", False: "centre $x_1$"}[shifted]
                if z == 0.2
                else None,
            )
        letter(axes[-1], "KL to the reverse step")
        axes[-1].set_xlabel("$\\sigma$")
        axes[-1].xaxis.set_minor_formatter(NullFormatter())
        axes[-1].legend(fontsize=6)
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=3)
    return fig
