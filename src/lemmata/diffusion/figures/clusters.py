"""Separated classes: densities of the samplers beside the powered law, and how far they move."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from lemmata.diffusion.figures.look import look
from lemmata.plotting import TEXT_WIDTH, letter, style

SHOWN = ("powered", "ddpm", "ddim")
Floats = NDArray[np.float64]


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.clusters` makes it."""
    mu, g = _shown(table)
    own = table[(table["mu"] == mu) & (table["weight"] == g)]
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.5))
        for name in SHOWN:
            part = own[own["sampler"] == name].sort_values("share")
            x, density = _density(part["x"].to_numpy(), part["share"].to_numpy(), name == "ddpm")
            axes[0].plot(x, density, color=look(name).colour, label=look(name).name)
        axes[0].axvline(-mu, color="0.7", lw=0.8, ls=":")
        axes[0].set_xlabel("$x$")
        axes[0].set_ylabel("density")
        letter(axes[0], f"classes at $\\pm{mu:g}$, guided to $-{mu:g}$ with $\\gamma={g:g}$")
        moments = table.drop_duplicates(["mu", "weight", "sampler"])
        for name in SHOWN:
            part = moments[(moments["sampler"] == name) & (moments["weight"] == g)]
            axes[1].plot(
                part["mu"], part["shift"], color=look(name).colour, marker=look(name).marker or "*",
                label=look(name).name,
            )  # fmt: skip
        axes[1].axhline(0, color="0.7", lw=0.8, ls=":")
        axes[1].set_xlabel("half distance $\\mu$ of the classes (in their std)")
        axes[1].set_ylabel("shift of the mean")
        letter(axes[1], f"$\\gamma={g:g}$")
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=3)
    return fig


def _density(x: Floats, share: Floats, simulated: bool) -> tuple[Floats, Floats]:
    """From quantiles x at shares: differences where they are exact, a kernel where simulated."""
    if simulated:
        grid = np.linspace(x[0] - 0.3, x[-1] + 0.3, 200)
        return grid, gaussian_kde(x)(grid)
    wide = x[::4], share[::4]
    return (wide[0][1:] + wide[0][:-1]) / 2, np.diff(wide[1]) / np.diff(wide[0])


def _shown(table: pd.DataFrame) -> tuple[float, float]:
    """The case of the claim where it was run, else the farthest classes at the largest weight."""
    cases = {(float(m), float(g)) for m, g in table[["mu", "weight"]].drop_duplicates().to_numpy()}
    return (4.0, 3.0) if (4.0, 3.0) in cases else max(cases)
