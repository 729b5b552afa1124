"""Exact match with and without the positional regularizer, seed by seed."""

from __future__ import annotations

from textwrap import fill

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import BIN_NAMES
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

LOOKS = {
    "ape_plain": ("no regularizer", PALETTE["black"], "o"),
    "ape_penalty": ("positional regularizer", PALETTE["vermillion"], "s"),
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.penalized` makes it: exact match by task, model, seed and bin."""
    return seeds_by_bin(table, LOOKS)


def seeds_by_bin(table: pd.DataFrame, looks: dict[str, tuple[str, str, str]]) -> Figure:
    """A panel a task: each seed's exact match by bin; looks: model -> label, colour, marker."""
    tasks = list(dict.fromkeys(table["task"]))
    bins = [name for name in BIN_NAMES if name in set(table["bin"])]
    columns = min(4, len(tasks))
    rows = -(-len(tasks) // columns)
    with style():
        fig, axes = plt.subplots(
            rows, columns, figsize=(TEXT_WIDTH, 0.6 + 1.8 * rows), squeeze=False, sharey=True
        )
        for ax, task in zip(axes.flat, tasks, strict=False):
            for number, (model, (label, colour, marker)) in enumerate(looks.items()):
                shift = 0.3 * (number - (len(looks) - 1) / 2)
                own = table[(table["task"] == task) & (table["model"] == model)]
                places = own["bin"].map(bins.index) + shift
                ax.plot(places, own["exact"], ls="", marker=marker, color=colour, label=label)
            ax.set_xticks(range(len(bins)), [BIN_NAMES[name] for name in bins], fontsize=6)
            ax.set_xlim(-0.5, len(bins) - 0.5)
            ax.set_ylim(-0.04, 1.04)
            letter(ax, fill(TASKS[task].title, 20))
        for ax in axes.flat[len(tasks) :]:
            ax.set_axis_off()
        fig.supylabel("exact match, one mark a seed", fontsize=8)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=2)
    return fig
