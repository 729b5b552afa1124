"""Figure of the study continuity: binned ECE jumps where SmoothECE moves little."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.calibration.populations import two_points_smooth_ece
from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

FLOOR = 1e-8  # changes at or below it are drawn at it


def draw(table: pd.DataFrame) -> Figure:
    """Left: the two-point family as e -> 0, dashed its exact SmoothECE. Right: real predictions,
    perturbed; dotted: the noise. Changes of at most 1e-8 are drawn as 1e-8.
    """
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.6))
        _draw_family(left, table[table["part"] == "two_points"])
        _draw_changes(right, table[table["part"] == "perturbation"])
    return fig


def _draw_family(ax: Axes, family: pd.DataFrame) -> None:
    zero, positive = family[family["e"] == 0.0], family[family["e"] > 0.0]
    at_zero = positive["e"].min() / 10  # where e = 0 is drawn on the logarithmic axis
    looks = {
        "support_ece": ("ECE, exact support", "black", "s"),
        "binned_ece": ("binned ECE", "orange", "^"),
        "smooth_ece": ("SmoothECE", "blue", "o"),
    }
    for column, (name, colour, marker) in looks.items():
        look: dict[str, Any] = {"color": PALETTE[colour], "marker": marker}
        size = 5.0 if column == "support_ece" else 2.5
        ax.plot(positive["e"], positive[column], label=name, ms=size, lw=0.8, **look)
        ax.plot(np.full(len(zero), at_zero), zero[column], ms=size, ls="", clip_on=False, **look)
    exact = [two_points_smooth_ece(float(e)) for e in positive["e"]]
    ax.plot(positive["e"], exact, color="black", ls="--", zorder=4, label="SmoothECE, exact")
    ax.axvline(at_zero * np.sqrt(10.0), color="0.7", lw=0.6, ls=":")  # e = 0 stands apart
    ax.set(xscale="log", ylim=(-0.02, 0.62), xlabel="half distance e of two opposite points")
    decades = 10.0 ** np.arange(round(np.log10(at_zero)) + 1, np.log10(positive["e"].max()) + 0.5)
    ax.set_xticks([at_zero, *decades])
    ax.set_xticklabels(["0", *(f"$10^{{{round(np.log10(d))}}}$" for d in decades)])
    ax.minorticks_off()
    ax.set_xlim(at_zero / 1.6, positive["e"].max() * 1.6)
    ax.set_ylabel("calibration error")
    ax.legend(loc="center left", bbox_to_anchor=(0.02, 0.52))
    letter(ax, "a  two points: labels 1 and 0")


def _draw_changes(ax: Axes, moved: pd.DataFrame) -> None:
    binned, smooth = (
        np.maximum(moved[column], FLOOR) for column in ("binned_ece", "smooth_ece")
    )  # (samples,) each
    limits = np.array([min(binned.min(), smooth.min()) / 2, 2 * max(binned.max(), smooth.max())])
    ax.plot(limits, limits, color="0.5", lw=0.8, ls="--")
    ax.plot(binned, smooth, "o", color=PALETTE["blue"], ms=3, mew=0, alpha=0.7)
    ax.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
    ax.set_xlabel("change of binned ECE")
    ax.set_ylabel("change of SmoothECE")
    noise = moved["e"].iloc[0]
    ax.axhline(noise, color="0.5", lw=0.8, ls=":")
    where: dict[str, Any] = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    ax.annotate("noise", (0.02, noise), xytext=(0, 2), fontsize="small", color="0.4", **where)
    letter(ax, f"b  real predictions with noise of sd {noise:g}")
