"""Figure of the study diagram_number: area in the diagram against SmoothECE."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, style

SMALLEST = 1e-4


def draw(table: pd.DataFrame) -> Figure:
    """One dot per model and seed; shaded: within sqrt(2 / pi) of the bandwidth."""
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 2.8))
        seen = table[table["smooth_ece"] > SMALLEST]
        s = np.geomspace(seen["smooth_ece"].min() / 1.5, seen["smooth_ece"].max() * 1.5, 100)
        ax.fill_between(s, 0.2 * s, 1.8 * s, color="0.88", lw=0, label="equal ± 0.8 bandwidths")
        ax.plot(s, s, color="0.4", lw=0.8, ls="--", label="equal")
        ax.plot(
            seen["smooth_ece"], seen["diagram_area"], "o", color=PALETTE["blue"], ms=3, mew=0,
            alpha=0.7, label="a model's predictions",
        )  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="SmoothECE (= bandwidth s)")
        ax.set_ylabel(r"area $\int|\mu_s(t)-t|\,d_s(t)\,\mathrm{d}t$")
        ax.set(xlim=(s[0], s[-1]), ylim=(0.2 * s[0], 4 * s[-1]))
        ax.legend(loc="upper left")
    return fig
