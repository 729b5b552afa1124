"""Variance against guidance weight on the Gaussian example: closed forms and what samplers give."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion import gaussian
from lemmata.diffusion.figures.look import look
from lemmata.plotting import COLUMN_WIDTH, style

CURVES = {
    "powered": gaussian.variance_powered,
    "ddpm": gaussian.variance_ddpm,
    "ddim": gaussian.variance_ddim,
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.gaussian_variances` makes it."""
    weights = np.linspace(table["weight"].min(), table["weight"].max(), 200)
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.9))
        for name, closed in CURVES.items():
            ax.plot(weights, [closed(g) for g in weights], color=look(name).colour, lw=1)
        for name in ("powered", "ddpm", "pcg", "flow", "ddim"):
            own = table[table["sampler"] == name]
            steps = f", {own['steps'].iloc[0]:,} steps" if name != "powered" else ""
            ax.plot(
                own["weight"],
                own["variance"],
                color=look(name).colour,
                marker=look(name).marker,
                mfc="none" if name == "pcg" else None,
                ms=6 if name == "pcg" else 3.5,
                ls="-" if name == "powered" else "",
                lw=1,
                label=look(name).name + steps,
            )
        ax.set_yscale("log")
        ax.set_xlabel("guidance weight $\\gamma$")
        ax.set_ylabel("variance of the samples")
        fig.legend(loc="outside upper center", ncols=1)
    return fig
