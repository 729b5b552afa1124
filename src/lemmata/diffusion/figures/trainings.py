"""Errors of E[x0 | x_t] by how a network was trained, and how far off its map is."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion.figures.look import mean_and_range
from lemmata.plotting import PALETTE, TEXT_WIDTH, style

LOOKS = {
    "x0": ("x0-prediction", PALETTE["blue"], "-"),
    "previous": ("one step back, dt = 0.01", PALETTE["vermillion"], "--"),
    "eps": ("flow, diffusion coupling", PALETTE["bluish_green"], ":"),
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.trainings` makes it; the maps are of its first seed."""
    errors = table[table["what"] == "denoiser"]
    maps = table[(table["what"] == "map") & (table["seed"] == table["seed"].min())]
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.4))
        for name, (label, colour, line) in LOOKS.items():
            own = errors[errors["training"] == name].groupby("time")["value"]
            mean_and_range(axes[0], own, colour, ls=line, label=label)
            if name != "previous":
                ends = maps[maps["training"] == name].sort_values("start")
                axes[1].plot(ends["start"], ends["end"] - ends["exact"], color=colour, ls=line)
        axes[0].set_yscale("log")
        axes[0].set_xlabel("time t")
        axes[0].set_ylabel("MSE of E[$x_0$ | $x_t$]")
        axes[1].set_xlabel("start $x_1$")
        axes[1].set_ylabel("end $x_0$, learned $-$ exact")
        fig.legend(loc="outside upper center", ncols=3)
    return fig
