"""Accuracy against the worst group's SmoothECE, every setting, ERM marked (paper's figure 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.calibration.figures.multicalibration.look import (
    LOOKS,
    MAX_LABEL,
    MODELS,
    draw_floor,
    erm_rows,
    interval,
    legend,
    present,
)
from lemmata.plotting import TEXT_WIDTH, letter, style


def draw(settings: pd.DataFrame, selected: pd.DataFrame) -> Figure:
    """settings: test means over seeds, as `setting_means` makes them; selected: with model."""
    models = [model for model in MODELS if model in set(settings["model"])]
    with style():
        fig, axes = plt.subplots(2, 3, figsize=(TEXT_WIDTH, 4.2), squeeze=False)
        for ax, model in zip(axes.flat, models, strict=False):
            _panel(ax, settings[settings["model"] == model], selected[selected["model"] == model])
            letter(ax, MODELS[model])
        for ax in axes.flat[len(models) :]:
            ax.axis("off")
        for ax in axes[-1]:
            ax.set_xlabel("accuracy")
        for row in axes:
            row[0].set_ylabel(MAX_LABEL)
        legend(fig, present([settings]))
    return fig


def setting_means(settings: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Means over seeds of accuracy and max_smooth_ece of every setting and fraction, by model.

    settings: by model, one row per seed, fraction and setting (test rows, reused rows left out).
    """
    keys = ["model", "post_processor", "setting", "fraction"]
    table = pd.concat([t.assign(model=m) for m, t in settings.items()], ignore_index=True)
    columns = ["accuracy", "max_smooth_ece"]
    return table.groupby(keys, sort=False, dropna=False)[columns].mean().reset_index()


def _panel(ax: Axes, settings: pd.DataFrame, selected: pd.DataFrame) -> None:
    baseline = erm_rows(selected)
    draw_floor(ax, baseline)
    for name in present([settings]):
        if name == "erm":
            continue
        rows = settings[settings["post_processor"] == name]
        look: dict[str, Any] = {"lw": 0, "ms": 2.5, "mew": 0.3, "alpha": 0.7, **LOOKS[name]}
        ax.plot(rows["accuracy"], rows["max_smooth_ece"], **look)
    x = interval(baseline["accuracy"])
    y = interval(baseline["max_smooth_ece"])
    xerr, yerr = [[x[0] - x[1]], [x[2] - x[0]]], [[y[0] - y[1]], [y[2] - y[0]]]
    ax.errorbar(x[0], y[0], yerr, xerr, ms=8, lw=0.8, zorder=5, **LOOKS["erm"])
    ax.set_ylim(bottom=0.0)
