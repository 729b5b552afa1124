"""Reward against updates, inputs of low STD and the others in two panels."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.language.figures.look import (
    COLOURS,
    NAMES,
    in_order,
    mean_and_range,
)


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.curves` makes it; the updates of a later stage follow the former's."""
    ends = table.groupby(["run", "stage"])["step"].max()
    before = ends.groupby("run").cumsum() - ends
    shown = table.join(before.rename("before"), on=["run", "stage"])
    shown = shown.assign(updates=shown["step"] + shown["before"])
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.3), sharey=True)
        for ax, low in zip(axes, (True, False), strict=True):
            part = shown[shown["low"] == low]
            for run in in_order(set(part["run"])):
                own = part[part["run"] == run]
                line = {"label": NAMES[run], "lw": 1.0, "ls": "--" if run == "ppo" else "-"}
                mean_and_range(ax, own["updates"], own["reward"], COLOURS[run], **line)
            letter(ax, "low STD before finetuning" if low else "the other inputs")
            ax.set_xlabel("updates")
            ax.set_ylim(-1.05, 1.05)
        axes[0].set_ylabel("mean reward")
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=5)
    return fig
