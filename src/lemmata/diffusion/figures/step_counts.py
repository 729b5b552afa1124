"""Wasserstein distance to the data against the number of steps, DDIM and DDPM, two grids."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion.figures.look import look, mean_and_range
from lemmata.plotting import COLUMN_WIDTH, style

LINES = {"uniform": "--", "quadratic": "-"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.step_counts` makes it."""
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.9))
        for name in ("ddpm", "ddim"):
            for grid, line in LINES.items():
                own = table[(table["sampler"] == name) & (table["grid"] == grid)]
                colour, marker, _ = look(name)
                label = f"{name.upper()}, {grid} in time"
                runs = own.groupby("steps")["wasserstein"]
                mean_and_range(ax, runs, colour, marker=marker, ls=line, label=label)
        floor = table.loc[table["sampler"] == "independent draws", "wasserstein"]
        ax.axhspan(floor.min(), floor.max(), color="0.85", lw=0, label="independent draws")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("steps")
        ax.set_ylabel("$W_1$ to the data")
        fig.legend(loc="outside upper center", ncols=1)
    return fig
