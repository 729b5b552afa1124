"""Samples in the plane of each sampler, and their energy distance to the powered law."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion.figures.look import look
from lemmata.plotting import TEXT_WIDTH, style

ORDER = ("powered", "ddim", "ddpm", "pcg", "pcg_powered_8")


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.corrector` makes it."""
    points = table[table["what"] == "point"]
    energy = table[table["what"] == "energy"]
    with style():
        fig, axes = plt.subplots(1, len(ORDER), figsize=(TEXT_WIDTH, 1.9), sharex=True, sharey=True)
        for ax, name in zip(axes, ORDER, strict=True):
            own = points[points["sampler"] == name]
            ax.scatter(own["x"], own["y"], s=1.5, color=look(name).colour, lw=0, rasterized=True)
            found = energy.loc[energy["sampler"] == name, "value"]
            if name == "powered":
                found = energy.loc[energy["sampler"] == "null", "value"]
            spread = f"{found.mean():.4f} ± {found.std():.4f}"
            ax.set_title(f"{look(name).name}\nED {spread}", fontsize=6.5)
            ax.set_aspect("equal")
            ax.set_xlabel("$x_1$")
        axes[0].set_ylabel("$x_2$")
    return fig
