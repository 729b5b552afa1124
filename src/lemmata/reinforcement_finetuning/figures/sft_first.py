"""SFT of a few inputs before RFT: final mean reward, and the STD with which RFT begins."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

NAMES: Final = {
    "rft_sgd": "exact RFT alone, SGD",
    "reinforce": "REINFORCE alone",
    "sft_1_percent": "SFT on 1%, then REINFORCE",
    "sft_full": "SFT on all, then REINFORCE",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `controlled.studies.sft_first` makes it."""
    names = [name for name in NAMES if name in set(table["variant"])]
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.3), sharey=True)
        _panel(left, table, names, "overall", PALETTE["blue"], "s", "after RFT")
        _panel(left, table, names, "overall_start", "0.45", "o", "before RFT, so after SFT")
        left.set_xlabel("mean reward of all inputs")
        left.set_xlim(-1.05, 1.1)
        _panel(right, table, names, "std_start", PALETTE["vermillion"], "o", "relabelled classes")
        right.set_xscale("log")
        right.set_xlim(1e-3, 1.2)
        right.set_xlabel("mean STD of the reward where RFT begins")
        left.set_yticks(range(len(names)), [NAMES[name] for name in names])
        left.invert_yaxis()
        letter(left, "(a)")
        letter(right, "(b)")
        handles, labels = (
            a + b
            for a, b in zip(*(ax.get_legend_handles_labels() for ax in (left, right)), strict=True)
        )
        fig.legend(handles, labels, loc="outside upper center", ncols=3)
    return fig


def _panel(
    ax: Axes, table: pd.DataFrame, names: list[str], column: str, colour: str, mark: str, label: str
) -> None:
    """Every seed a mark."""
    for place, name in enumerate(names):
        values = table.loc[table["variant"] == name, column].to_numpy()
        shift = np.linspace(-0.12, 0.12, len(values))
        ax.plot(
            values,
            place + shift,
            mark,
            mfc="none",
            color=colour,
            label=f"{label} (each seed)" if place == 0 else None,
        )
    ax.grid(axis="y", color="0.93", lw=0.5)
