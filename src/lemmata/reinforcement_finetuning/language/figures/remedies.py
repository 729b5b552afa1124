"""What remedies do to the questions without STD, and to all."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

TITLES = {
    "plain": "plain REINFORCE",
    "rate": "learning rate $\\times$",
    "temperature": "temperature",
    "entropy": "entropy bonus",
    "shaped": "reward by token",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.remedies` makes it."""
    runs = sorted(set(table["run"]), key=_place)
    places = np.arange(len(runs))
    panels = {"unseen": "answers never shown (w = 0)", "overall": "all questions"}
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 0.7 + 0.19 * len(runs)), sharey=True)
        for ax, (column, title) in zip(axes, panels.items(), strict=True):
            means = table.groupby("run")[column].mean()
            ax.barh(places, [means[run] + 1 for run in runs], left=-1, height=0.6, color="0.8")
            where = table["run"].map({run: place for place, run in enumerate(runs)})
            ax.plot(table[column], where, ls="", marker="o", ms=2.5, color=PALETTE["blue"])
            ax.axvline(means["plain"], color="0.5", lw=0.8, ls=":")
            ax.set_xlim(-1.04, 1.04)
            ax.set_xlabel("mean reward")
            letter(ax, title)
        axes[0].set_yticks(places, [_title(run) for run in runs])
        axes[0].invert_yaxis()
    return fig


def _title(run: str) -> str:
    kind, _, value = run.partition("_")
    return f"{TITLES[kind]} {value}".strip()


def _place(run: str) -> tuple[int, float]:
    kind, _, value = run.partition("_")
    return list(TITLES).index(kind), float(value or 0.0)
