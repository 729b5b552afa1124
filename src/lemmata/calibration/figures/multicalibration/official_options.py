"""Figure of the study official_options: each option of the authors' code beside the default."""

from __future__ import annotations

from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lemmata.calibration.figures.multicalibration.look import (
    FLOOR,
    LOOKS,
    MAX_LABEL,
    MODELS,
    interval,
)
from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, readable, style

BEHAVIOURS: Final[dict[str, dict[str, Any]]] = {
    "default": {"color": PALETTE["blue"], "marker": "o"},
    "option": {"color": PALETTE["vermillion"], "marker": "s"},
}
NAMES = {"default": "default here", "option": "with the option"}
SHIFTS = {"default": -0.15, "option": 0.15}
ACRONYMS = {"hkrr": "HKRR:", "hjz": "HJZ:", "platt": "Platt", "temperature": "temperature"}


def draw(table: pd.DataFrame) -> Figure:
    """table: of the study official_options; a panel a base model, a row an option."""
    models = [model for model in MODELS if model in set(table["model"])]
    options = [name for name in dict.fromkeys(table["option"]) if name != "erm"]
    with style():
        size = (TEXT_WIDTH, 0.9 + 0.3 * len(options))
        fig, axes = plt.subplots(1, len(models), figsize=size, squeeze=False, sharey=True)
        for ax, model in zip(axes[0], models, strict=True):
            _panel(ax, table[table["model"] == model], options)
            letter(ax, MODELS[model])
            ax.set_xlabel(MAX_LABEL)
        axes[0, 0].set_yticks(np.arange(len(options)), [_label(name) for name in options])
        axes[0, 0].set_ylim(len(options) - 0.5, -0.5)
        handles = [
            Line2D([], [], lw=0, ms=4, label=NAMES[name], **look)
            for name, look in BEHAVIOURS.items()
        ]
        handles.append(Line2D([], [], lw=1.0, color=LOOKS["erm"]["color"], label="ERM"))
        tick = {"lw": 0, "ms": 6, "marker": "|", "color": FLOOR["color"]}
        fig.legend(
            handles=[*handles, Line2D([], [], label="null floor", **tick)],
            loc="outside lower center",
            ncols=4,
        )
    return fig


def _label(option: str) -> str:
    name, _, rest = option.partition("_")
    return f"{ACRONYMS[name]} {readable(rest)}"


def _panel(ax: Axes, rows: pd.DataFrame, options: list[str]) -> None:
    """Means over seeds with 95% intervals; the null floor of each as a tick."""
    mean, low, high = interval(rows.loc[rows["option"] == "erm", "max_smooth_ece"])
    ax.axvspan(low, high, color="0.9", lw=0, zorder=0)
    ax.axvline(mean, color=LOOKS["erm"]["color"], lw=1.0, zorder=1)
    for place, option in enumerate(options):
        for behaviour, look in BEHAVIOURS.items():
            one = rows[(rows["option"] == option) & (rows["behaviour"] == behaviour)]
            mean, low, high = interval(one["max_smooth_ece"])
            at = place + SHIFTS[behaviour]
            bars = [[mean - low], [high - mean]]
            ax.errorbar(mean, at, xerr=bars, elinewidth=0.8, ms=3.5, **look)
            ax.plot(one["floor_mean"].mean(), at, marker="|", ms=6, color=FLOOR["color"])
    ax.set_xlim(left=0.0)
