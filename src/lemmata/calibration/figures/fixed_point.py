"""Figure of the study fixed_point: smECE_s falls with s and meets the diagonal once."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, letter, style

SMALLEST = 1e-4  # drawn: perfect predictions have no place on a logarithmic axis


def draw(table: pd.DataFrame) -> Figure:
    """One line per model and seed, a dot at its fixed point. Table of `studies.fixed_point`.

    A SmoothECE of at most 1e-4 is not drawn; the title says how many there are.
    """
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.8))
        bandwidths = table["bandwidth"].unique()
        for index, (_, path) in enumerate(table.groupby(["name", "seed"])):
            label = "smECE at bandwidth s" if index == 0 else None
            seen = path[path["smece"] > SMALLEST]
            ax.plot(
                seen["bandwidth"], seen["smece"], color=PALETTE["blue"], lw=0.7, alpha=0.5,
                label=label,
            )  # fmt: skip
        points = table.groupby(["name", "seed"])["smooth_ece"].first()
        left_out = int((points <= SMALLEST).sum())
        points = points[points > SMALLEST]
        ax.plot(bandwidths, bandwidths, color="0.4", lw=0.8, ls="--", label="value = s")
        ax.plot(
            points, points, "o", color=PALETTE["vermillion"], ms=3, mew=0, alpha=0.8,
            label="SmoothECE, fixed point", zorder=3,
        )  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="bandwidth s", ylabel="smECE at bandwidth s")
        largest = table["smece"].max()
        ax.set_ylim(bottom=max(SMALLEST, bandwidths.min()), top=6 * max(largest, points.max()))
        ax.legend(loc="upper left")
        if left_out:
            letter(ax, f"not drawn: {left_out} with SmoothECE ≤ {SMALLEST:g}")
    return fig
