"""What choosing by a label-free metric recovers of the best configuration's gain."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, style
from lemmata.self_supervised.figures.trained_look import (
    COLOURS,
    METHODS,
    METRICS,
    known_methods,
)


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.selection` makes it. Dots: seeds; bars: their mean."""
    chosen = table[table["what"] == "recovered"]
    methods, metrics = known_methods(chosen), list(METRICS)
    wide = 0.8 / max(len(methods), 1)
    with style():
        fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 0.36 * TEXT_WIDTH))
        for number, method in enumerate(methods):
            own = chosen[chosen["method"] == method]
            means = own.groupby("metric")["recovered"].mean().reindex(metrics)
            x = np.arange(len(metrics)) + (number - (len(methods) - 1) / 2) * wide
            ax.bar(x, means, width=0.9 * wide, color=COLOURS[method], alpha=0.55, lw=0)
            places = dict(zip(metrics, x, strict=True))
            dots = own[own["metric"].isin(metrics)]
            ax.plot(
                dots["metric"].map(places),
                dots["recovered"],
                "o",
                color=COLOURS[method],
                ms=2.5,
                label=METHODS[method],
            )
        ax.set_xticks(range(len(metrics)), [METRICS[name].replace(" ", "\n") for name in metrics])
        ax.set_ylim(0.0, 1.03)
        ax.set_ylabel("(selected $-$ worst)\n/ (best $-$ worst)")
        lines, names = ax.get_legend_handles_labels()
        if lines:  # no sweep may be long enough to choose from
            fig.legend(lines, names, loc="outside upper center", ncols=6, handletextpad=0.2)
    return fig
