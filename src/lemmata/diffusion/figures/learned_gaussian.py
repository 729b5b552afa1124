"""Variance against guidance weight with learned scores, beside the closed forms."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion.figures.gaussian_variances import CURVES
from lemmata.diffusion.figures.look import look, plain_log
from lemmata.plotting import COLUMN_WIDTH, style

SHIFTS = {"ddim": -0.03, "flow": 0.03, "ddpm": -0.03, "pcg": 0.03}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.learned_gaussian` makes it."""
    weights = np.linspace(table["weight"].min(), table["weight"].max(), 100)
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.9))
        for name, closed in CURVES.items():
            label = look(name).name if name == "powered" else None
            ax.plot(
                weights, [closed(g) for g in weights], color=look(name).colour, lw=1, label=label
            )
        for name, shift in SHIFTS.items():
            own = table[table["sampler"] == name]
            ax.plot(
                own["weight"] + shift,
                own["variance"],
                color=look(name).colour,
                marker=look(name).marker,
                mfc="none",
                ls="",
                label=f"{look(name).name}, learned, each seed",
            )
        ax.set_yscale("log")
        plain_log(ax.yaxis)
        ax.set_xticks(sorted(table["weight"].unique()))
        ax.set_xlabel("guidance weight $\\gamma$")
        ax.set_ylabel("variance of the samples")
        fig.legend(loc="outside upper center", ncols=1)
    return fig
