"""Figure of the study sandwich: each measure between the bounds that another one gives."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

KINDS = {
    "random": ("o", PALETTE["blue"]),
    "two points": ("s", PALETTE["vermillion"]),
    "constant": ("^", PALETTE["orange"]),
    "opposite clusters": ("D", PALETTE["bluish_green"]),
}
LEAST = 1e-3


def draw(table: pd.DataFrame) -> Figure:
    """table: of the study sandwich. Log-log; samples below 1e-3 in either are not shown."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 3.0))
        x = np.geomspace(LEAST, 1.0, 200)
        distance, smooth = "lower_distance", "smooth_calibration_error"
        _panel(axes[0], table, distance, "smooth_ece", x / 2, 2 * np.sqrt(x), x)
        axes[0].set(xlabel="lower distance to calibration", ylabel="SmoothECE")
        letter(axes[0], "a  half the distance to twice its root")
        upper = np.maximum(x, 0.894 * np.sqrt(x))
        _panel(axes[1], table, smooth, "smooth_ece", x / 1.8, upper, x)
        axes[1].set(xlabel="smooth calibration error", ylabel="SmoothECE")
        letter(axes[1], "b  smCE / 1.8 to max(smCE, 0.894 √smCE)")
        axes[1].legend(loc="upper left")
    return fig


def _panel(
    ax: Axes,
    table: pd.DataFrame,
    x: str,
    y: str,
    lower: np.ndarray,
    upper: np.ndarray,
    places: np.ndarray,
) -> None:
    ax.fill_between(places, lower, upper, color="0.92", lw=0)
    shown = table[(table[x] >= LEAST) & (table[y] >= LEAST)]
    for kind, (marker, color) in KINDS.items():
        rows = shown[shown["kind"] == kind]
        ax.plot(rows[x], rows[y], lw=0, marker=marker, color=color, ms=3, alpha=0.8, label=kind)
    ax.set(xscale="log", yscale="log", xlim=(LEAST, 1.0), ylim=(LEAST, 2.0))
