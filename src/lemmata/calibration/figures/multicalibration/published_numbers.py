"""Ours beside published numbers of one data set, and what three defects do to those."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.calibration.figures.common import draw_means
from lemmata.calibration.figures.multicalibration.look import MODELS, SHORT, interval
from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

OURS: dict[str, Any] = {"color": PALETTE["blue"], "marker": "o"}
THEIRS: dict[str, Any] = {"color": PALETTE["vermillion"], "marker": "s"}
OLD: dict[str, Any] = {"color": PALETTE["orange"], "marker": "^"}


def draw(table: pd.DataFrame) -> Figure:
    """table: of the study published_numbers."""
    with style():
        fig, axes = plt.subplots(2, 2, figsize=(TEXT_WIDTH, 4.6))
        erm = table[table["part"] == "erm"]
        _beside(axes[0, 0], erm, "max_smooth_ece_old_formula", "by the published formula")
        axes[0, 0].set_ylabel("largest group SmoothECE")
        letter(axes[0, 0], "a  base models: ours and published")
        _beside(axes[0, 1], erm, "max_smooth_ece", "exact")
        _points(axes[0, 1], erm, "max_smooth_ece_old_formula", 0.0, OLD, "published formula")
        axes[0, 1].set_ylabel("largest group SmoothECE")
        letter(axes[0, 1], "b  end points counted in full")
        _scaling(axes[1, 0], table[table["part"] == "scaling"])
        letter(axes[1, 0], "c  SVM: features scaled alike or not")
        _platt(axes[1, 1], table[table["part"] == "platt_row"])
        letter(axes[1, 1], "d  Platt scaling, and what its row prints")
        for ax in axes.flat:
            ax.legend(loc="best")
    return fig


def _beside(ax: Axes, erm: pd.DataFrame, measure: str, label: str) -> None:
    _points(ax, erm, measure, -0.15, OURS, f"ours, {label}")
    rows = erm[erm["measure"] == measure].drop_duplicates("model")
    places = [list(MODELS).index(model) + 0.15 for model in rows["model"]]
    spread = rows["published_std"].fillna(0.0)
    look: dict[str, Any] = {"lw": 0, "ms": 3.5, "elinewidth": 0.8, **THEIRS}
    ax.errorbar(places, rows["published"], spread, label="published", **look)
    ax.set_xticks(range(len(SHORT)), SHORT.values())
    ax.set_ylim(bottom=0.0)


def _points(
    ax: Axes, table: pd.DataFrame, measure: str, shift: float, look: dict[str, Any], label: str
) -> None:
    """Mean and 95% interval over seeds of each model."""
    found = table[table["measure"] == measure]
    models = [model for model in MODELS if model in set(found["model"])]
    values = np.array([interval(found.loc[found["model"] == m, "value"]) for m in models])
    places = [list(MODELS).index(model) + shift for model in models]
    bars = np.abs(values[:, 1:].T - values[:, 0])
    ax.errorbar(places, values[:, 0], bars, lw=0, ms=3.5, elinewidth=0.8, label=label, **look)


def _scaling(ax: Axes, rows: pd.DataFrame) -> None:
    for measure, look, label in (
        ("accuracy", OURS, "scaled alike"),
        ("accuracy_mismatch", THEIRS, "training rows unscaled"),
    ):
        one = rows[rows["measure"] == measure]
        draw_means(ax, one, "fraction", "value", label=label, ms=3.5, **look)
    ax.set(xlabel="calibration fraction", ylabel="accuracy")


def _platt(ax: Axes, rows: pd.DataFrame) -> None:
    chosen = rows[rows["fraction"] == rows["fraction"].max()]
    _points(ax, chosen, "platt", -0.15, OURS, "Platt scaling")
    _points(ax, chosen, "printed_as_platt", 0.15, THEIRS, "printed in its row")
    ax.set_xticks(range(len(SHORT)), SHORT.values())
    ax.set(ylabel="largest group SmoothECE")
    ax.set_ylim(bottom=0.0)
