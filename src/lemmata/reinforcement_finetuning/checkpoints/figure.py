"""Mean and STD of the reward of every prompt, before finetuning and after (Figure 1)."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

TITLES = {"pretrained": "before finetuning", "rft": "after RFT", "sft": "after SFT"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `study.study` makes it."""
    with style():
        fig, axes = plt.subplots(
            1, len(TITLES), figsize=(TEXT_WIDTH, 2.2), sharex=True, sharey=True
        )
        for ax, (when, title) in zip(axes, TITLES.items(), strict=True):
            own = table[table["when"] == when]
            ax.scatter(
                own["mean"],
                own["std"],
                s=3 if len(own) > 200 else 12,
                color=PALETTE["blue"],
                alpha=0.4,
                lw=0,
                rasterized=True,
            )
            letter(ax, f"{title}   mean {own['mean'].mean():.2f}")
            ax.set_xlabel("mean reward of an input")
        axes[0].set_ylabel("STD of its reward")
        axes[0].set_ylim(bottom=-0.02)
    return fig
