"""Calibration fraction against the worst group's SmoothECE and accuracy, by base model."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.calibration.figures.multicalibration.look import (
    MODELS,
    SHORT,
    draw_choice,
    draw_floor,
    erm_rows,
    legend,
    present,
)
from lemmata.plotting import TEXT_WIDTH, letter, style


def draw(selected: pd.DataFrame) -> Figure:
    """selected: of all base models, with the column model; the settings are validation's choice."""
    fresh = selected[~selected["reuse"]]
    models = [model for model in MODELS if model in set(fresh["model"])]
    with style():
        fig, axes = plt.subplots(
            2, len(models), figsize=(TEXT_WIDTH, 3.6), squeeze=False, sharex=True
        )
        for column, model in zip(axes.T, models, strict=True):
            rows = fresh[fresh["model"] == model]
            draw_floor(column[0], erm_rows(rows))
            for name in present([rows]):
                one = rows[rows["post_processor"] == name]
                draw_choice(column[0], one, name, "fraction", "max_smooth_ece")
                draw_choice(column[1], one, name, "fraction", "accuracy")
            letter(column[0], SHORT[model])
            column[0].set_ylim(bottom=0.0)
            column[1].set_xlabel("fraction")
        axes[0, 0].set_ylabel("largest group\nSmoothECE")
        axes[1, 0].set_ylabel("accuracy")
        legend(fig, present([fresh]))
    return fig
