"""Variance of PCG against the number of Langevin steps, towards that of the powered law."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion import gaussian
from lemmata.diffusion.figures.look import look
from lemmata.diffusion.studies.corrector import WEIGHT
from lemmata.plotting import COLUMN_WIDTH, style


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.corrector` makes it."""
    own = table[table["what"] == "variance"]
    corrections = np.geomspace(own["corrections"].min(), own["corrections"].max(), 60)
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.6))
        closed = [gaussian.variance_pcg(WEIGHT, float(k)) for k in corrections]
        ax.plot(corrections, closed, color=look("pcg").colour, label="closed form")
        ax.plot(
            own["corrections"],
            own["value"],
            color=look("pcg").colour,
            ls="",
            marker="^",
            label="PCG",
        )
        ax.axhline(
            gaussian.variance_powered(WEIGHT), color="black", ls="--", lw=0.8, label="powered law"
        )
        ax.set_xscale("log", base=2)
        ax.set_xlabel(f"Langevin steps $K$ at each level ($\\gamma'={WEIGHT:g}$)")
        ax.set_ylabel("variance of the samples")
        ax.legend()
    return fig
