"""Expected gradients of single inputs along the controlled experiments, below both bounds."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.figures.look import GROUP_COLOURS, GROUP_NAMES

TITLES: Final = {
    "initial": "(a) random weights",
    "pretrained": "(b) pretrained",
    "rft": "(c) after RFT",
}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `controlled.studies.checkpoints` makes it."""
    span = np.geomspace(table["std"].min() / 2, 1.0, 50)
    with style():
        fig, axes = plt.subplots(
            1, len(TITLES), figsize=(TEXT_WIDTH, 2.6), sharey=True, sharex=True
        )
        for ax, (checkpoint, title) in zip(axes, TITLES.items(), strict=True):
            for group, colour in list(GROUP_COLOURS.items())[:2]:
                own = table[(table["checkpoint"] == checkpoint) & (table["group"] == group)]
                ratio = own["gradient_norm"] / own["gamma"]
                ax.plot(own["std"], ratio, ".", ms=3, color=colour, label=GROUP_NAMES[group])
            ax.plot(span, 6 * span ** (2 / 3), "--", color="black", lw=1, label="Theorem 1")
            ax.plot(span, span / np.sqrt(2), color="black", lw=1, label="sharper bound")
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.set_xlabel("STD of the reward")
            letter(ax, title)
        axes[0].set_ylabel(r"$\|\nabla V\| \;/\; \gamma$")
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=4)
    return fig
