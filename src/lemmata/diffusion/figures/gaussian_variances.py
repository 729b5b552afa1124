"""The Gaussian example: variance, mean and density by sampler, closed forms beside."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from lemmata.diffusion import gaussian
from lemmata.diffusion.figures.look import look
from lemmata.diffusion.studies.gaussian_variances import CLOSED
from lemmata.plotting import TEXT_WIDTH, letter, style

CURVES = {
    "powered": gaussian.variance_powered,
    "ddpm": gaussian.variance_ddpm,
    "ddim": gaussian.variance_ddim,
}
ORDER = ("powered", "ddpm", "pcg", "flow", "ddim")
SHOWN = 3.0


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.gaussian_variances` makes it."""
    with style():
        fig, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH, 2.5))
        for ax, column, number in ((axes[0], "variance", 0), (axes[1], "mean", 1)):
            _against_weight(ax, table, column, number)
        axes[0].set_yscale("log")
        axes[0].set_ylabel("variance of the samples")
        axes[1].set_ylabel("mean of the samples / c")
        _densities(axes[2], table[table["weight"] == SHOWN].set_index("sampler"))
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=5)
    return fig


def _against_weight(ax: Axes, table: pd.DataFrame, column: str, number: int) -> None:
    weights = np.linspace(table["weight"].min(), table["weight"].max(), 200)
    for name in CURVES:
        closed = [CLOSED[name][number](g) for g in weights]
        ax.plot(weights, closed, color=look(name).colour, lw=1)
    for name in ORDER:
        own, (colour, marker, label) = table[table["sampler"] == name], look(name)
        marks: dict[str, Any] = {"marker": marker, "ms": 6 if name == "pcg" else 3.5}
        fill = "none" if name == "pcg" else None
        line = "-" if name == "powered" else ""
        ax.plot(own["weight"], own[column], color=colour, mfc=fill, ls=line, label=label, **marks)
    ax.set_xlabel("guidance weight $\\gamma$")


def _densities(ax: Axes, own: pd.DataFrame) -> None:
    """All of these laws are Gaussian; DDIM's mean is the flow's."""
    x = np.linspace(-1.0, 4.5, 300)
    means, variances = own["mean"].to_dict(), own["variance"].to_dict()
    means["ddim"] = means["flow"]
    for name in CURVES:
        density = norm.pdf(x, means[name], np.sqrt(variances[name]))
        ax.plot(x, density, color=look(name).colour)
    ax.axvline(1.0, color="0.7", lw=0.8, ls=":")
    ax.set_xlabel("$x$")
    ax.set_ylabel("density")
    letter(ax, f"$\\gamma={SHOWN:g}$, $c=1$")
