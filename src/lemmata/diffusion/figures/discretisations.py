"""Errors of the samplers' variances against the number of steps, by the way they step."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.diffusion.figures.look import look
from lemmata.diffusion.studies.discretisations import CONTROL
from lemmata.plotting import PALETTE, TEXT_WIDTH, style

WAYS = {"ve": "Euler on a VE grid", "vp": "DDPM's VP schedule", "flow": "guided linear flow"}
LOOKS = {name: look(name) for name in ("ddim", "ddpm", "pcg")} | {
    "ddpm_posterior": look("ddpm")._replace(
        colour=PALETTE["sky_blue"], marker="D", name="CFG-DDPM, posterior noise"
    ),
    "flow_euler": look("flow")._replace(name="flow, Euler"),
    "flow_heun": look("flow")._replace(colour=PALETTE["black"], marker="+", name="flow, Heun"),
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.discretisations` makes it; at weight CONTROL."""
    own = table[table["weight"] == CONTROL]
    with style():
        fig, axes = plt.subplots(1, len(WAYS), figsize=(TEXT_WIDTH, 2.5))
        for ax, (way, title) in zip(axes, WAYS.items(), strict=True):
            _lines(ax, own[own["way"] == way])
            ax.set_title(f"{title}, $\\gamma={CONTROL:g}$", fontsize=7)
        axes[0].set_ylabel("|relative error| of the variance")
        found: dict[str, Artist] = {}
        for ax in axes:
            lines, names = ax.get_legend_handles_labels()
            found |= {str(name): line for name, line in zip(names, lines, strict=True)}
        fig.legend(list(found.values()), list(found), loc="outside upper center", ncols=3)
    return fig


def _lines(ax: Axes, table: pd.DataFrame) -> None:
    for name, (colour, marker, label) in LOOKS.items():
        own = table[table["sampler"] == name].sort_values("steps")
        if len(own):
            size, narrow = own["error"].abs(), own["error"] < 0
            ax.plot(own["steps"], size, color=colour, lw=1, marker=marker, ms=4, label=label)
            below = own["steps"][narrow], size[narrow]
            ax.plot(*below, color=colour, ls="", marker=marker, ms=4, mfc="white", zorder=3)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("steps")
