"""How much more noise the one-step target has than the x0 target, against the number of steps."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion.studies.variance_reduction import theory
from lemmata.plotting import COLUMN_WIDTH, PALETTE, style


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.variance_reduction` makes it."""
    steps = np.unique(np.geomspace(table["steps"].min(), table["steps"].max(), 40).astype(int))
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.4))
        ax.loglog(steps, [theory(int(n)) for n in steps], color="black", lw=0.8, label="theory")
        found = table.groupby("steps")["ratio"].agg(["mean", "min", "max"])
        ax.errorbar(
            found.index,
            found["mean"],
            yerr=[found["mean"] - found["min"], found["max"] - found["mean"]],
            color=PALETTE["blue"],
            ls="",
            marker="o",
            label="measured, all seeds",
        )
        ax.set_xlabel("steps $1/dt$")
        ax.set_ylabel("variance of the targets,\none step over $x_0$")
        ax.legend()
    return fig
