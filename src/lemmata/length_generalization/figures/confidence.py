"""Whole-answer confidence against whole-answer accuracy, by bin of lengths."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import BIN_NAMES, NAMES, look
from lemmata.plotting import TEXT_WIDTH, style


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.confidence` makes it: SmoothECE by model, task, seed and bin."""
    bins = [name for name in BIN_NAMES if name in set(table["bin"])]
    tasks = list(dict.fromkeys(table["task"]))
    titles = table.drop_duplicates("task").set_index("task")["title"]
    models = sorted(table["model"].unique())
    with style():
        fig, axes = plt.subplots(
            1, len(bins), figsize=(TEXT_WIDTH, 1.1 + 0.2 * len(tasks)), sharey=True, squeeze=False
        )
        for ax, name in zip(axes[0], bins, strict=True):
            for model, shift in zip(models, np.linspace(-0.15, 0.15, len(models)), strict=True):
                rows = table[(table["bin"] == name) & (table["model"] == model)]
                by = rows.groupby("task")["smooth_ece"]
                places = np.array([tasks.index(task) for task in by.median().index]) + shift
                middle = by.median()
                ax.errorbar(
                    middle,
                    places,
                    xerr=[middle - by.min(), by.max() - middle],
                    elinewidth=0.8,
                    ls="",
                    label=f"{NAMES[model]}; bars: all seeds",
                    **look(model),
                )
            ax.set_title(BIN_NAMES[name])
            ax.set_xlabel("SmoothECE")
            ax.set_xlim(left=-0.02, right=1.02)
            ax.grid(axis="y", color="0.93", lw=0.5)
        axes[0, 0].set_yticks(range(len(tasks)), [titles[task] for task in tasks])
        axes[0, 0].invert_yaxis()
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=2)
    return fig
