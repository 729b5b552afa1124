"""SmoothECE of every group: the base model, isotonic regression and the chosen multicalibrator."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lemmata.calibration.figures.multicalibration.look import LOOKS, MODELS, NAMES, SHORT, interval
from lemmata.plotting import TEXT_WIDTH, letter, readable, style

OFFSETS = {"erm": -0.2, "isotonic": 0.0}


def draw(groups: pd.DataFrame) -> Figure:
    """groups: as `group_rows` makes them: model, group, n, post_processor, seed, smooth_ece, null.

    null: what calibrated predictions of as many rows would show on average, by the law
    0.3026 n^(-1/3) of uniform predictions: an upper guess for predictions far from one half.
    """
    models = [model for model in MODELS if model in set(groups["model"])]
    names = list(dict.fromkeys(groups.sort_values("n", ascending=False)["group"]))
    with style():
        height = 0.9 + 0.17 * len(names)
        fig, axes = plt.subplots(
            1, len(models), figsize=(TEXT_WIDTH, height), squeeze=False, sharey=True
        )
        for ax, model in zip(axes[0], models, strict=True):
            _panel(ax, groups[groups["model"] == model], names)
            letter(ax, SHORT[model])
            ax.set_xlabel("SmoothECE")
        sizes = groups.drop_duplicates("group").set_index("group")["n"]
        axes[0, 0].set_yticks(
            range(len(names)), [f"{readable(name)} ({sizes[name]:,})" for name in names]
        )
        axes[0, 0].invert_yaxis()
        used = [name for name in NAMES if name in set(groups["post_processor"])]
        handles = [Line2D([], [], lw=0, ms=4, label=NAMES[name], **LOOKS[name]) for name in used]
        handles.append(Line2D([], [], lw=0, ms=6, marker="|", color="0.5", label="null, mean"))
        fig.legend(handles=handles, loc="outside lower center", ncols=6)
    return fig


def _panel(ax: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    for (name, group), found in rows.groupby(["post_processor", "group"]):
        place = names.index(str(group)) + OFFSETS.get(str(name), 0.2)
        mean, low, high = interval(found["smooth_ece"])
        ax.errorbar(
            mean,
            place,
            xerr=[[mean - low], [high - mean]],
            elinewidth=0.6,
            ms=5 if name == "erm" else 3,
            **LOOKS[str(name)],
        )
    null = rows.groupby("group")["null"].mean()
    places = [names.index(str(group)) for group in null.index]
    ax.plot(null, places, lw=0, marker="|", ms=8, color="0.5", zorder=1)
    ax.set_xlim(left=0.0)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set_axisbelow(True)
    ax.hlines(np.arange(len(names)), 0, ax.get_xlim()[1], color="0.93", lw=0.5, zorder=0)
