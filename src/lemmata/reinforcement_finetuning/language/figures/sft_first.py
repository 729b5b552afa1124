"""Supervised finetuning on a share of the questions first: rewards, and what is kept."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.language.figures.look import COLOURS, mean_and_range


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.sft_first` makes it. Shares stand at equal distances."""
    shares = sorted(table["share"].unique())
    place = table["share"].map({share: number for number, share in enumerate(shares)})
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.2))
        mean_and_range(axes[0], place, table["sft"], COLOURS["sft"], marker="s", label="after SFT")
        mean_and_range(
            axes[0],
            place,
            table["reward"],
            COLOURS["reinforce"],
            marker="o",
            label="after SFT, then RFT",
        )
        axes[0].set_ylabel("mean reward")
        axes[0].set_ylim(-1.05, 1.05)
        mean_and_range(
            axes[1],
            place,
            table["retained"],
            COLOURS["reinforce"],
            marker="o",
            label="success kept of the full pipeline",
        )
        mean_and_range(
            axes[1],
            place,
            table["std"],
            PALETTE["orange"],
            marker="^",
            label="STD after SFT, inputs of low STD",
        )
        axes[1].axhline(0.95, color="0.5", lw=0.8, ls=":")
        axes[1].set_ylim(-0.03, 1.35)
        for ax, title in zip(axes, ("rewards", "kept, and why"), strict=True):
            ax.set_xticks(range(len(shares)), [f"{100 * share:g}%" for share in shares])
            ax.set_xlabel("share of the questions in SFT")
            ax.legend(loc="lower right" if ax is axes[0] else "upper left")
            letter(ax, title)
    return fig
