"""Calibration rows against what post-processing changes, over data sets; and the three findings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lemmata.calibration.figures.multicalibration.look import FLOOR, LOOKS, MODELS, interval
from lemmata.plotting import TEXT_WIDTH, letter, readable, style

COLUMNS = {"erm": "erm", "isotonic": "isotonic", "multicalibrator": "hkrr"}
NAMES = {"erm": "ERM", "isotonic": "isotonic", "multicalibrator": "chosen multicalibrator"}


def draw(table: pd.DataFrame) -> Figure:
    """table: of the study real_data; a panel a data set, a row a base model."""
    datasets = list(dict.fromkeys(table["dataset"]))
    columns = min(len(datasets), 4)
    lines = -(-len(datasets) // columns)
    with style():
        fig, axes = plt.subplots(
            lines,
            columns,
            figsize=(TEXT_WIDTH, 0.7 + 1.6 * lines),
            squeeze=False,
            sharey=True,
        )
        for ax, dataset in zip(axes.flat, datasets, strict=False):
            _panel(ax, table[table["dataset"] == dataset])
            letter(ax, readable(dataset))
            ax.set_xlabel("largest group SmoothECE")
        for ax in axes.flat[len(datasets) :]:
            ax.axis("off")
        handles = [
            Line2D([], [], lw=0, ms=4, label=NAMES[name], **LOOKS[look])
            for name, look in COLUMNS.items()
        ]
        handles.append(Line2D([], [], lw=0, ms=6, marker="|", color="0.5", label="null floor"))
        fig.legend(handles=handles, loc="outside lower center", ncols=4)
    return fig


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    models = [model for model in MODELS if model in set(rows["model"])]
    for place, model in enumerate(models):
        one = rows[rows["model"] == model]
        for shift, (column, look) in zip((-0.2, 0.0, 0.2), COLUMNS.items(), strict=True):
            mean, low, high = interval(one[column])
            bars = [[mean - low], [high - mean]]
            size = 6 if column == "erm" else 3.5
            ax.errorbar(mean, place + shift, xerr=bars, elinewidth=0.7, ms=size, **LOOKS[look])
            tick = {"marker": "|", "ms": 6, "color": FLOOR["color"], "zorder": 1}
            ax.plot(one[f"floor_{column}"].mean(), place + shift, **tick)
    ax.set_yticks(np.arange(len(models)), [MODELS[model] for model in models])
    ax.set_ylim(len(models) - 0.5, -0.5)
    ax.set_xlim(left=0.0)
