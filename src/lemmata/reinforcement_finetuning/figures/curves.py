"""Mean reward of either group of inputs while the same policies are finetuned."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.figures.look import GROUP_NAMES, VARIANTS

PANELS: Final = (("a", "low_std"), ("b", "high_std"))
SHOWN: Final = ("sft", "rft", "normalised", "grpo", "reinforce", "sft_1_percent", "rft_high_reward")


def draw(table: pd.DataFrame) -> Figure:
    """table: as `controlled.studies.methods` makes it."""
    main = table[table["phase"] == "main"]
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 3.1), sharey=True)
        for ax, (mark, group) in zip(axes, PANELS, strict=True):
            for variant in SHOWN:
                _curve(ax, main[main["group"] == group], variant)
            ax.set_xlabel("epoch")
            ax.set_ylim(-1.05, 1.05)
            letter(ax, f"({mark}) {GROUP_NAMES[group]}")
        axes[0].set_ylabel("mean reward")
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=4)
    return fig


def _curve(ax: Axes, table: pd.DataFrame, variant: str) -> None:
    """Mean over seeds, and a band over their range."""
    look = VARIANTS[variant]
    by = table[table["variant"] == variant].groupby("epoch")["reward"].agg(["mean", "min", "max"])
    ax.fill_between(by.index, by["min"], by["max"], color=look.colour, alpha=0.2, lw=0)
    ax.plot(by.index, by["mean"], look.line, color=look.colour, label=look.name)
