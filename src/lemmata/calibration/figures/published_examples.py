"""Figure of the study published_examples: three numbers for each forecast."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, readable, style

LOOKS = {
    "binned_ece": ("binned ECE", "black", "s", 0.0),
    "relplot": ("smECE, relplot", "orange", "^", 0.18),
    "smooth_ece": ("smECE, ours", "blue", "o", -0.18),
}


def draw(table: pd.DataFrame) -> Figure:
    """One row per forecast, with its size and the share of predictions within 1e-3 of 0 or 1.

    A star marks what the paper itself shows.
    """
    with style():
        fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 0.9 + 0.3 * len(table)))
        rows = np.arange(len(table))
        for column, (label, colour, marker, shift) in LOOKS.items():
            ax.plot(
                table[column], rows + shift, marker, color=PALETTE[colour], ms=4, mew=0, label=label
            )
        share = 100 * table["end_share"]
        names = [
            f"{'* ' * own}{readable(name)}, n = {n:,}, {percent:.0f}% at the ends"
            for own, name, n, percent in zip(
                table["papers_own"], table["name"], table["n"], share, strict=True
            )
        ]
        ax.set_yticks(rows, names)
        ax.invert_yaxis()
        ax.set_xlim(0, 1.1 * table[list(LOOKS)].to_numpy().max())
        ax.grid(axis="x", color="0.9", lw=0.5)
        ax.set_axisbelow(True)
        ax.set_xlabel("calibration error (* the paper's own example)")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return fig
