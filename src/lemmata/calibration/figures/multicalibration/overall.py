"""Overall SmoothECE against the worst group's, one dot a base model and post-processor."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from lemmata.calibration.figures.multicalibration.look import (
    LOOKS,
    MAX_LABEL,
    MODELS,
    SHORT,
    draw_floor,
    erm_rows,
    interval,
    legend,
    present,
)
from lemmata.plotting import COLUMN_WIDTH, style


def draw(selected: pd.DataFrame) -> Figure:
    """selected: of all base models, with model. ERM of all training rows, others at their best."""
    fresh = selected[~selected["reuse"]]
    best = fresh[fresh["best"] & (fresh["post_processor"] != "erm")]
    shown = pd.concat([erm_rows(fresh), best])
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH * 1.35, 3.6))
        draw_floor(ax, shown)
        named: list[tuple[float, float, str]] = []
        for name in present([shown]):
            for model in MODELS:
                rows = shown[(shown["post_processor"] == name) & (shown["model"] == model)]
                if rows.empty:
                    continue
                x, y = interval(rows["smooth_ece"]), interval(rows["max_smooth_ece"])
                ax.errorbar(
                    x[0],
                    y[0],
                    xerr=[[x[0] - x[1]], [x[2] - x[0]]],
                    yerr=[[y[0] - y[1]], [y[2] - y[0]]],
                    elinewidth=0.4,
                    ms=7 if name == "erm" else 4,
                    zorder=5 if name == "erm" else 3,
                    **LOOKS[name],
                )
                if name == "erm":
                    named.append((x[0], y[0], SHORT[model]))
        named.sort(key=lambda point: point[1])
        for rank, (x_erm, y_erm, word) in enumerate(named):
            # Neighbours to either side, for two models may lie in one place.
            at: dict[str, Any] = {"xytext": (6, -3), "ha": "left"}
            if rank % 2 == 0:
                at = {"xytext": (-3, -9), "ha": "right"}
            at |= {"zorder": 6, "path_effects": [withStroke(linewidth=1.5, foreground="white")]}
            ax.annotate(word, (x_erm, y_erm), fontsize=6.5, textcoords="offset points", **at)
        ax.axline((0.1, 0.1), (0.2, 0.2), color="0.6", lw=0.6)
        ax.set(xlabel="SmoothECE of all rows", ylabel=MAX_LABEL)
        ax.set(xscale="log", yscale="log")
        legend(fig, present([shown]), columns=4)
    return fig
