"""DDIM's paths to a spiral by the size of the training set, and how many end at its points."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from lemmata.diffusion.studies.memorisation import ratios
from lemmata.plotting import PALETTE, TEXT_WIDTH, style

SHOWN = 2.6


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.memorisation` makes it; paths are of its first seed."""
    sizes = sorted(table["points"].unique())
    first = table[table["seed"] == table["seed"].min()]
    with style():
        fig, axes = plt.subplots(1, len(sizes) + 1, figsize=(TEXT_WIDTH, 1.85))
        for ax, size in zip(axes, sizes, strict=False):
            own = first[first["points"] == size]
            coloured = _paths(own[own["what"] == "path"])
            ax.add_collection(coloured)
            training = own[own["what"] == "training"]
            ax.scatter(
                training["x"], training["y"], s=5, color=PALETTE["vermillion"], lw=0, zorder=3
            )
            ax.set_aspect("equal")
            ax.set_xlim(-SHOWN, SHOWN)
            ax.set_ylim(-SHOWN, SHOWN)
            ax.set_title(f"n = {size}", fontsize=7)
            ax.set_xlabel("$x_1$")
        axes[0].set_ylabel("$x_2$")
        for ax in axes[1 : len(sizes)]:
            ax.set_yticklabels([])
        bar = fig.colorbar(coloured, ax=list(axes[: len(sizes)]), fraction=0.02, pad=0.01)
        bar.set_label("$\\log_{10}$ noise level")
        found = ratios(table)
        axes[-1].plot(found.columns, found.mean(), color=PALETTE["black"], marker="o")
        for seed in found.index:
            axes[-1].plot(
                found.columns, found.loc[seed], color="0.6", marker=".", ls="", ms=4, zorder=1
            )
        axes[-1].axhline(1.0, color="0.6", ls=":", lw=0.8)
        axes[-1].set_xscale("log")
        axes[-1].set_xticks(sizes)
        axes[-1].xaxis.set_major_formatter(ScalarFormatter())
        axes[-1].xaxis.set_minor_formatter(NullFormatter())
        axes[-1].tick_params(axis="x", labelsize=5.5)
        axes[-1].set_xlabel("training points n")
        axes[-1].set_ylabel("samples / fresh draws")
    return fig


def _paths(states: pd.DataFrame) -> LineCollection:
    """Every path as segments coloured by the level they leave."""
    wide = states.pivot_table(index="path", columns="level", values=["x", "y"])
    levels = sorted(states["level"].unique(), reverse=True)
    points = np.stack([wide[axis][levels].to_numpy() for axis in ("x", "y")], axis=-1)
    segments = np.stack([points[:, :-1], points[:, 1:]], axis=2)  # (paths, steps, 2, 2)
    colours = np.broadcast_to(np.log10(levels[:-1]), segments.shape[:2])
    found = LineCollection(list(segments.reshape(-1, 2, 2)), cmap="viridis", linewidths=0.5)
    found.set_array(colours.ravel())
    found.set_rasterized(True)
    return found
