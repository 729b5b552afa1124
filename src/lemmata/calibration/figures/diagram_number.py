"""Figure of the study diagram_number: area in the diagram against SmoothECE."""

from __future__ import annotations

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

BOUND = math.sqrt(2.0 / math.pi)
"""How many bandwidths area and SmoothECE differ at most [derived]."""


def draw(table: pd.DataFrame, bound: float = BOUND) -> Figure:
    """One dot per model and seed, those with a SmoothECE of 0 apart.

    Left: area against SmoothECE; right: their difference in bandwidths. Shaded: within `bound`.
    """
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.6))
        seen = table[table["smooth_ece"] > 0.0]  # a logarithmic axis has no place for 0
        s = np.geomspace(seen["smooth_ece"].min() / 1.5, seen["smooth_ece"].max() * 1.5, 100)
        dots: dict[str, Any] = {"color": PALETTE["blue"], "ms": 3, "mew": 0, "alpha": 0.7}
        _draw_area(left, s, bound)
        left.plot(seen["smooth_ece"], seen["diagram_area"], "o", label="a model and seed", **dots)
        left.legend(loc="upper left")
        right.axhspan(0.0, bound, color="0.88", lw=0)
        right.axhline(bound, color="0.4", lw=0.8, ls="--")
        right.plot(seen["smooth_ece"], seen["gap_over_bandwidth"], "o", **dots)
        right.set(ylim=(0, 1.2 * max(bound, seen["gap_over_bandwidth"].max())))
        right.set_ylabel("|area - SmoothECE| / bandwidth")
        letter(right, f"b  bound: {bound:.3f} of the bandwidth")
        for ax in (left, right):
            ax.set(xscale="log", xlim=(s[0], s[-1]), xlabel="SmoothECE (= bandwidth s)")
            ticks = [t for t in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0) if s[0] <= t <= s[-1]]
            ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
            ax.xaxis.minorticks_off()
    return fig


def _draw_area(ax: Axes, s: np.ndarray, bound: float) -> None:
    """Equality and the shaded surroundings of it, over bandwidths s (S,)."""
    low, high = max(1.0 - bound, 0.0) * s, (1.0 + bound) * s
    label = f"equal ± {bound:.2f} bandwidths"
    ax.fill_between(s, low, high, color="0.88", lw=0, label=label)
    ax.plot(s, s, color="0.4", lw=0.8, ls="--", label="equal")
    ax.set(yscale="log", ylim=(0.2 * s[0], 4 * s[-1]))
    ax.set_ylabel(r"area $\int|\mu_s(t)-t|\,d_s(t)\,\mathrm{d}t$")
    letter(ax, "a  the diagram shows its number")
