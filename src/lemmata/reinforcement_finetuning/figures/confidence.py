"""Mean confidence against the share of right answers, by policy and group of inputs."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.figures.look import GROUP_NAMES, VARIANTS

PANELS: Final = (("a", "all"), ("b", "low_std"), ("c", "high_std"))
MARKS: Final = {"tuned": ("o", "tuned on"), "held_out": ("x", "held out")}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `controlled.studies.confidence` makes it."""
    models = [name for name in VARIANTS if name in set(table["model"])]
    with style():
        fig, axes = plt.subplots(
            1, len(PANELS), figsize=(TEXT_WIDTH, 2.6), sharex=True, sharey=True
        )
        for ax, (mark, group) in zip(axes, PANELS, strict=True):
            ax.plot([0, 1], [0, 1], color="0.7", lw=0.8)
            for model in models:
                for inputs, (shape, _) in MARKS.items():
                    own = table[
                        (table["model"] == model)
                        & (table["group"] == group)
                        & (table["inputs"] == inputs)
                    ]
                    size = 7.0 if model == "rft" else 4.0  # RFT and GRPO end in one place
                    colour = VARIANTS[model].colour
                    ax.plot(own["mean_p"], own["mean_y"], shape, mfc="none", ms=size, color=colour)
            ax.set_xlim(-0.05, 1.05)
            ax.set_ylim(-0.05, 1.05)
            ax.set_xlabel("mean confidence")
            letter(ax, f"({mark}) {GROUP_NAMES[group]}")
        axes[0].set_ylabel("share of right answers")
        for model in models:
            axes[0].plot([], [], "s", color=VARIANTS[model].colour, label=VARIANTS[model].name)
        for shape, name in MARKS.values():
            axes[0].plot([], [], shape, mfc="none", color="black", label=f"{name}, each seed")
        fig.legend(loc="outside upper center", ncols=7, columnspacing=0.9, handletextpad=0.2)
    return fig
