"""The synthetic population: the worst group's SmoothECE against the number of calibration rows."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lemmata.calibration.figures.multicalibration.look import (
    LOOKS,
    MODELS,
    draw_choice,
    draw_floor,
    interval,
    legend,
    present,
)
from lemmata.plotting import TEXT_WIDTH, letter, style

LEFT_OUT = ("platt", "temperature")  # close to isotonic, and not what is asked here


def draw(table: pd.DataFrame) -> Figure:
    """table: of the study known_population; a band for HKRR over its alphas."""
    shown = table[~table["post_processor"].isin(LEFT_OUT)]
    models = [model for model in MODELS if model in set(shown["model"])]
    with style():
        fig, axes = plt.subplots(1, len(models), figsize=(TEXT_WIDTH, 2.6), sharey=True)
        for ax, model in zip(axes, models, strict=True):
            _panel(ax, shown[shown["model"] == model])
            letter(ax, MODELS[model])
            ax.set_xlabel("calibration rows")
        axes[0].set_ylabel("largest group\nSmoothECE")
        axes[0].set_ylim(bottom=0.0)
        band = Line2D(
            [], [], lw=5, alpha=0.2, color=LOOKS["hkrr"]["color"], label="HKRR, all alphas"
        )
        legend(fig, present([shown]), [band])
    return fig


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    chosen = rows[rows["chosen"]]
    erm = chosen[chosen["post_processor"] == "erm"]
    draw_floor(ax, erm)
    mean, low, high = interval(erm["max_smooth_ece"])
    ax.axhspan(low, high, color="0.75", lw=0, zorder=0.4)
    ax.axhline(mean, color=LOOKS["erm"]["color"], lw=1.0)
    every = rows[rows["post_processor"] == "hkrr"]
    means = every.groupby(["n_calibration", "setting"])["max_smooth_ece"].mean()
    extremes = means.groupby("n_calibration").agg(["min", "max"])
    look = {"color": LOOKS["hkrr"]["color"], "alpha": 0.2, "lw": 0}
    ax.fill_between(extremes.index, extremes["min"], extremes["max"], **look)
    for name in present([chosen]):
        if name != "erm":
            one = chosen[chosen["post_processor"] == name]
            draw_choice(ax, one, name, "n_calibration", "max_smooth_ece")
    ax.set_xscale("log")
