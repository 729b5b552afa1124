"""Calibration of models before and after recalibration: all rows and the worst group."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lemmata.calibration.figures.multicalibration.look import (
    FLOOR,
    LOOKS,
    interval,
    legend,
    present,
)
from lemmata.plotting import TEXT_WIDTH, letter, readable, style


def draw(summary: pd.DataFrame) -> Figure:
    """summary: model, seed, post_processor, smooth_ece, max_smooth_ece, floor_mean, floor_upper."""
    models = list(dict.fromkeys(summary["model"]))
    with style():
        size = (TEXT_WIDTH, 0.9 + 0.38 * len(models))
        fig, axes = plt.subplots(1, 2, figsize=size, sharey=True)
        for ax, column, title in zip(
            axes, ("smooth_ece", "max_smooth_ece"), ("all rows", "worst group"), strict=True
        ):
            _panel(ax, summary, models, column)
            letter(ax, title)
            ax.set_xlabel("SmoothECE")
        axes[0].set_yticks(np.arange(len(models)), [readable(model) for model in models])
        axes[0].set_ylim(len(models) - 0.5, -0.5)
        legend(fig, present([summary]))
    return fig


def _panel(ax: Axes, summary: pd.DataFrame, models: list[str], column: str) -> None:
    names = present([summary])
    shifts = np.linspace(-0.32, 0.32, len(names))
    for place, model in enumerate(models):
        of_model = summary[summary["model"] == model]
        for shift, name in zip(shifts, names, strict=True):
            values = of_model.loc[of_model["post_processor"] == name, column]
            mean, low, high = interval(values)
            bars = [[mean - low], [high - mean]]
            ax.errorbar(
                mean,
                place + shift,
                xerr=bars,
                elinewidth=0.5,
                ms=5 if name == "erm" else 3,
                **LOOKS[name],
            )
        if column == "max_smooth_ece":
            erm = of_model[of_model["post_processor"] == "erm"]
            low, high = erm["floor_mean"].mean(), erm["floor_upper"].mean()
            ax.fill_betweenx([place - 0.42, place + 0.42], low, high, color="0.92", lw=0, zorder=0)
            ax.add_line(Line2D([low, low], [place - 0.42, place + 0.42], zorder=0.5, **FLOOR))
    ax.set_xlim(left=0.0)
