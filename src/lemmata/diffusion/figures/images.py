"""Measures of guided images against weight and steps, and distances of shared-noise paths."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.diffusion.figures.look import in_order, look, mean_and_range, plain_log
from lemmata.diffusion.studies.images import ASKED
from lemmata.plotting import TEXT_WIDTH, style

PANELS = {
    "frechet_pixels": "FD to real, pixels",
    "frechet_features": "FD to real, features",
    "energy": "energy distance to real",
    "accuracy": "accuracy",
    "nearest_training": "nearest training image",
    "outside": "pixels out of range",
}
WITH_REAL = ("frechet_pixels", "frechet_features", "accuracy")


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.images` makes it; weights at the most steps, steps at weight ASKED."""
    measures, paths = (table[table["what"] == what] for what in ("measure", "path"))
    real, measures = (
        measures[(measures["sampler"] == "real") == chosen] for chosen in (True, False)
    )
    finest = measures[measures["steps"] == measures["steps"].max()]
    with style():
        fig, grid = plt.subplots(2, 4, figsize=(TEXT_WIDTH, 0.55 * TEXT_WIDTH))
        axes = grid.ravel()
        for ax, (column, name) in zip(axes, PANELS.items(), strict=False):
            _lines(ax, finest, "weight", column)
            if column in WITH_REAL:
                ax.axhline(real[column].mean(), color="0.6", ls=":", lw=0.8)
            if column.startswith("frechet"):
                ax.set_yscale("log")
                plain_log(ax.yaxis)
            ax.set_xticks(sorted(finest["weight"].unique()))
            ax.set_xlabel("weight $\\gamma$")
            ax.set_ylabel(name)
        _lines(axes[-2], measures[measures["weight"] == ASKED], "steps", "frechet_pixels")
        axes[-2].set_ylabel(f"FD, pixels, $\\gamma={ASKED:g}$")
        _lines(axes[-1], paths, "steps", "rms")
        axes[-1].set_ylabel("RMS to DDPM, $\\gamma=2$")
        for ax in axes[-2:]:
            ax.set_xlabel("steps")
            ax.set_xscale("log")
            ax.set_yscale("log")
            plain_log(ax.xaxis, ax.yaxis)
        axes[-2].set_xticks(sorted(measures["steps"].unique()))
        axes[-1].set_xticks(sorted(paths["steps"].unique()))
        lines, names = axes[0].get_legend_handles_labels()
        fig.legend(lines, names, loc="outside upper center", ncols=5)
    return fig


def _lines(ax: Axes, table: pd.DataFrame, by: str, column: str) -> None:
    for sampler in in_order(set(table["sampler"])):
        colour, marker, label = look(sampler)
        own = table[table["sampler"] == sampler].groupby(by)[column]
        mean_and_range(ax, own, colour, marker=marker, label=label)
