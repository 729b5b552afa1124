"""Exact match against length, a panel a task, with the lengths that were trained on shaded."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import COLOURS, MARKERS, NAMES
from lemmata.plotting import TEXT_WIDTH, letter, style

COLUMNS = 5


def draw(curves: pd.DataFrame, train_length: Mapping[str, int]) -> Figure:
    """curves: as `studies.lengths` makes them; train_length: L of each task."""
    tasks = list(dict.fromkeys(curves["task"]))
    rows = -(-len(tasks) // COLUMNS)
    with style():
        fig, axes = plt.subplots(
            rows, COLUMNS, figsize=(TEXT_WIDTH, 0.5 + 1.35 * rows), squeeze=False, sharey=True
        )
        for ax, task in zip(axes.flat, tasks, strict=False):
            _panel(ax, curves[curves["task"] == task], train_length[task])
        for ax in axes.flat[len(tasks) :]:
            ax.set_axis_off()
        fig.supylabel("exact match of the whole answer", fontsize=8)
        fig.supxlabel("length of the question (tokens)", fontsize=8)
        handles: dict[str, Artist] = {}
        for ax in axes.flat[: len(tasks)]:
            lines, names = ax.get_legend_handles_labels()
            handles |= dict(zip(names, lines, strict=True))
        fig.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=4)
    return fig


def _panel(ax: Axes, rows: pd.DataFrame, longest: int) -> None:
    ax.axvspan(0, longest, color="0.92", lw=0)
    ax.axhline(rows["chance"].iloc[0], color="0.5", lw=0.8, ls="--", label="chance")
    for model, part in rows.groupby("model", sort=False):
        own = part.sort_values("length")
        colour = COLOURS[str(model)]
        ax.fill_between(own["length"], own["lower"], own["upper"], color=colour, alpha=0.25, lw=0)
        ax.plot(
            own["length"],
            own["value"],
            color=colour,
            lw=1.0,
            marker=MARKERS[str(model)],
            ms=2,
            markevery=max(1, len(own) // 8),
            label=NAMES[str(model)],
        )
    ax.set_ylim(-0.04, 1.04)
    ax.set_xlim(left=0)
    letter(ax, str(rows["title"].iloc[0]))
