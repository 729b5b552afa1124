"""Reward gained by finetuning against the reward's STD before it, a panel a method."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.language.figures.look import COLOURS, NAMES, in_order

GROUPS = 10
SHOWN = ("reinforce", "ppo", "grpo", "sft")


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.gain` makes it."""
    runs = in_order(set(table["run"]) & set(SHOWN))
    with style():
        fig, axes = plt.subplots(
            1, len(runs), figsize=(TEXT_WIDTH, 1.9), sharey=True, sharex=True, squeeze=False
        )
        for ax, run in zip(axes[0], runs, strict=True):
            _panel(ax, table[table["run"] == run], run)
        axes[0, 0].set_ylabel("reward gained")
        axes[0, 0].set_ylim(min(-0.15, table["gain"].min() - 0.1), 2.08)
        fig.supxlabel("STD of the reward before finetuning", fontsize=8)
    return fig


def _panel(ax: Axes, own: pd.DataFrame, run: str) -> None:
    ax.scatter(own["std"], own["gain"], s=2, color=COLOURS[run], alpha=0.25, lw=0, rasterized=True)
    group = pd.qcut(own["std"].rank(method="first"), GROUPS, labels=False)
    means = own.groupby(group)[["std", "gain"]].mean()
    ax.plot(means["std"], means["gain"], color=PALETTE["black"], marker="o", ms=2, lw=0.8)
    ax.axhline(0.0, color="0.6", lw=0.6, ls=":")
    r = own.groupby("seed")["pearson"].first().mean()
    letter(ax, f"{NAMES[run]}   r = {r:.2f}")
    ax.set_xlim(-0.03, 1.03)
