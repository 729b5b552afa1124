"""How sure policies are of their answers against how right they are."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, readable, style
from lemmata.reinforcement_finetuning.language.figures.look import (
    COLOURS,
    MARKERS,
    NAMES,
    in_order,
)


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.confidence` makes it."""
    panels = [(task, low) for task in dict.fromkeys(table["task"]) for low in (True, False)]
    with style():
        fig, axes = plt.subplots(
            1, len(panels), figsize=(TEXT_WIDTH, 2.35), sharex=True, sharey=True, squeeze=False
        )
        for ax, (task, low) in zip(axes[0], panels, strict=True):
            _panel(ax, table[(table["task"] == task) & (table["low"] == low)])
            letter(ax, f"{readable(task)}, {'low' if low else 'high'} STD")
        axes[0, 0].set_ylabel("mean confidence")
        fig.supxlabel("share of right answers", fontsize=8)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=4)
    return fig


def _panel(ax: Axes, own: pd.DataFrame) -> None:
    ax.plot([0, 1], [0, 1], color="0.6", lw=0.8, ls=":")
    for run in in_order(set(own["run"])):
        part = own[own["run"] == run]
        ax.plot(
            part["mean_y"],
            part["mean_p"],
            ls="",
            marker=MARKERS[run],
            color=COLOURS[run],
            label=NAMES[run],
            alpha=0.8,
        )
    ax.set_aspect("equal")
    ax.set_xlim(-0.05, 1.05)
    ax.set_ylim(-0.05, 1.05)
    ax.set_xticks([0, 0.5, 1])
    ax.set_yticks([0, 0.5, 1])
