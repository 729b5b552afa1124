"""Size of the data set against the worst group's SmoothECE, without and with post-processing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.calibration.figures.common import means
from lemmata.calibration.figures.multicalibration.look import FLOOR, MAX_LABEL, MODELS
from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

COLOURS = dict(zip(MODELS, PALETTE.values(), strict=False))
PANELS = {"erm": "a  no post-processing", "multicalibrator": "b  chosen multicalibrator"}


def draw(table: pd.DataFrame) -> Figure:
    """table: of the study real_data. Means over seeds with 95% intervals; models side by side."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.8), sharey=True)
        for ax, (column, title) in zip(axes, PANELS.items(), strict=True):
            floor = table.groupby("rows")[f"floor_{column}"].max()
            ax.plot(floor.index, floor, label="null floor", **FLOOR)
            present = [model for model in MODELS if model in set(table["model"])]
            for model, shift in zip(present, np.linspace(0.94, 1.06, len(present)), strict=True):
                found = means(table[table["model"] == model], "rows", column)
                bars = np.abs(found[["lower", "upper"]].to_numpy().T - found["mean"].to_numpy())
                look = {"color": COLOURS[model], "marker": "o", "lw": 0.6, "elinewidth": 0.8}
                x = found["rows"] * shift
                ax.errorbar(x, found["mean"], bars, ms=3, label=MODELS[model], **look)
            ax.set(xscale="log", xlabel="rows of the data set")
            letter(ax, title)
        axes[0].set_ylabel(MAX_LABEL)
        axes[0].set_ylim(bottom=0.0)
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=7, columnspacing=1.0)
    return fig
