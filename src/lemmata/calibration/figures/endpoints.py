"""Figure of the study endpoints: hard predictions, by us and by relplot, against the truth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.calibration.figures.common import draw_means
from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

TITLES = {
    "hard": ("a  all predictions are 0 or 1", "error rate"),
    "mixed": ("b  a share is 0 or 1, the rest calibrated", "share of predictions 0 or 1"),
    "saturated": ("c  saturated network", "temperature"),
}
LOOKS = {
    "smooth_ece": ("SmoothECE, ours", "blue", "o"),
    "relplot_1_0_3": ("relplot 1.0.3", "orange", "^"),
    "relplot_1_0_1": ("relplot 1.0.1", "vermillion", "v"),
}


def draw(table: pd.DataFrame) -> Figure:
    """Means over seeds with 95% intervals; the line is the population's ECE."""
    with style():
        fig, axes = plt.subplots(1, 3, figsize=(TEXT_WIDTH, 2.5), width_ratios=[1, 1.5, 0.9])
        for ax, part in zip(axes, TITLES, strict=True):
            _draw_part(ax, table[table["part"] == part], part)
        axes[0].set_ylabel("calibration error")
        axes[1].legend(loc="upper left")
    return fig


def _draw_part(ax: Axes, rows: pd.DataFrame, part: str) -> None:
    truth = rows.groupby("parameter")["true_ece"].mean()
    ax.plot(truth.index, truth, color="0.4", lw=0.9, ls="--", label="true ECE")
    for column, (label, colour, marker) in LOOKS.items():
        draw_means(ax, rows, "parameter", column, label=label, color=PALETTE[colour], marker=marker)
    title, label = TITLES[part]
    letter(ax, title)
    ax.set(xlabel=label, ylim=(0, 1.4 * rows[["true_ece", *LOOKS]].max().max()))
    ax.margins(x=0.15)
