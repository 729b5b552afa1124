"""Gradient norms of either group of inputs while they are finetuned by RFT or SFT."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.figures.look import GROUP_COLOURS, GROUP_NAMES

PANELS: Final = (
    ("rft", "rft_gradient", "(a) RFT"),
    ("rft_high_reward", "rft_gradient", "(b) RFT, wrong earns .5"),
    ("sft", "sft_gradient", "(c) SFT"),
)


def draw(table: pd.DataFrame) -> Figure:
    """table: as `controlled.studies.methods` makes it."""
    main = table[table["phase"] == "main"]
    with style():
        fig, axes = plt.subplots(1, len(PANELS), figsize=(TEXT_WIDTH, 2.6), sharey=True)
        for ax, (variant, column, title) in zip(axes, PANELS, strict=True):
            own = main[main["variant"] == variant]
            for group, colour in GROUP_COLOURS.items():
                part = own[own["group"] == group].groupby("epoch")[column]
                by = part.agg(["median", "min", "max"])
                if by.empty:
                    continue
                ax.fill_between(by.index, by["min"], by["max"], color=colour, alpha=0.2, lw=0)
                ax.plot(by.index, by["median"], color=colour, label=GROUP_NAMES[group])
            ax.set_yscale("log")
            ax.set_xlabel("epoch")
            letter(ax, title)
        axes[0].set_ylabel("gradient norm of the mean objective")
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=2)
    return fig
