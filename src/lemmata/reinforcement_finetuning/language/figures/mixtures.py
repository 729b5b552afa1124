"""Reward of RFT and SFT against the share of inputs of low STD."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, style
from lemmata.reinforcement_finetuning.language.figures.look import COLOURS, mean_and_range


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.mixtures` makes it."""
    share = table["low_share"]
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.4))
        lines = {
            "reinforce": (COLOURS["reinforce"], "o", "RFT"),
            "sft": (COLOURS["sft"], "s", "SFT"),
            "difference": (PALETTE["black"], "D", "RFT − SFT"),
        }
        for column, (colour, marker, name) in lines.items():
            mean_and_range(ax, share, table[column], colour, marker=marker, label=name)
        ax.axhline(0.0, color="0.6", lw=0.6, ls=":")
        ax.set_xlabel("share of inputs of low STD")
        ax.set_ylabel("mean reward")
        fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return fig
