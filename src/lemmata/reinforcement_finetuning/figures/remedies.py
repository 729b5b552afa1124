"""Final mean reward of either group and overall, by remedy."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, readable, style
from lemmata.reinforcement_finetuning.figures.look import GROUP_COLOURS, GROUP_NAMES

MARKS: Final = {"low_std": "o", "high_std": "s", "overall": "D"}
NAMES: Final = {
    "rft": "plain RFT",
    "sft": "SFT",
    "learning_rate_by_10": "learning rate / 10",
    "learning_rate_times_10": "learning rate x 10",
    "temperature_5": "temperature 5",
    "entropy_tenth": "entropy bonus 0.1",
    "entropy_half": "entropy bonus 0.5",
    "entropy_one": "entropy bonus 1",
    "entropy_half_then_none": "entropy 0.5, then 0",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `controlled.studies.remedies` makes it."""
    found = set(table["variant"])
    names = [*(n for n in NAMES if n in found - {"sft"}), *sorted(found - set(NAMES)), "sft"]
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 0.9 + 0.22 * len(names)))
        for group, mark in MARKS.items():
            by = table.groupby("variant")[group].agg(["mean", "min", "max"]).loc[names]
            ax.errorbar(
                by["mean"],
                range(len(names)),
                xerr=[by["mean"] - by["min"], by["max"] - by["mean"]],
                ls="",
                marker=mark,
                mfc="none" if group != "overall" else None,
                elinewidth=0.8,
                color=GROUP_COLOURS[group],
                label=GROUP_NAMES.get(group, group),
            )
        ax.axvline(table.groupby("variant")["overall"].mean()["rft"], color="0.7", lw=0.8, zorder=0)
        ax.set_yticks(range(len(names)), [NAMES.get(name, readable(name)) for name in names])
        ax.invert_yaxis()
        ax.set_xlim(-1.08, 1.08)
        ax.set_xlabel("final mean reward (bars: all seeds)")
        ax.grid(axis="y", color="0.93", lw=0.5)
        fig.legend(loc="outside upper center", ncols=3, columnspacing=0.8, handletextpad=0.1)
    return fig
