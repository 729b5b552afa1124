"""Every configuration of a sweep on longer strings: what choosing one does."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import BIN_NAMES
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

COLUMNS = 5


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.spread` makes it: a row a configuration, exact match by bin."""
    cases = list(dict.fromkeys(zip(table["task"], table["model"], strict=True)))
    columns = min(COLUMNS, len(cases))
    rows = -(-len(cases) // columns)
    width = TEXT_WIDTH * max(columns, 2.5) / COLUMNS
    with style():
        fig, axes = plt.subplots(
            rows, columns, figsize=(width, 0.8 + 1.7 * rows), squeeze=False, sharey=True
        )
        for ax, (task, model) in zip(axes.flat, cases, strict=False):
            own = table[(table["task"] == task) & (table["model"] == model)]
            _panel(ax, own)
            letter(ax, f"{TASKS[task].title}, {model.upper().replace('OPE', 'oPE')}")
        for ax in axes.flat[len(cases) :]:
            ax.set_axis_off()
        for ax in axes[:, 0]:
            ax.set_ylabel("exact match")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=1)
    return fig


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    bins = [name for name in BIN_NAMES if rows[name].notna().any()]
    looks = (
        ("~fits", "does not fit the trained lengths", "0.6", "x"),
        ("fits", "fits", PALETTE["sky_blue"], "o"),
        ("selected", "chosen, by the bins between", PALETTE["vermillion"], "*"),
    )
    for name, label, colour, marker in looks:
        kept = ~rows["fits"] if name == "~fits" else rows[name].astype(bool)
        own = rows.loc[
            kept & (rows["name"] != "fallback"), bins
        ].to_numpy()  # (configurations, bins)
        if len(own) == 0:
            ax.plot([], [], ls="", marker=marker, color=colour, label=label)
        for number, values in enumerate(own):
            shift = 0.25 * (number / max(len(own) - 1, 1) - 0.5) if name != "selected" else 0.0
            ax.plot(
                np.arange(len(bins)) + shift,
                values,
                ls="",
                marker=marker,
                ms=7 if name == "selected" else 3,
                color=colour,
                label=label if number == 0 else None,
            )
    ax.set_xticks(range(len(bins)), [BIN_NAMES[name] for name in bins])
    ax.set_xlim(-0.4, len(bins) - 0.6)
    ax.set_ylim(-0.04, 1.04)
