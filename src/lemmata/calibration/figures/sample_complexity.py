"""Figure of the study sample_complexity: SmoothECE of a calibrated predictor against n."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.calibration.figures.common import draw_means
from lemmata.plotting import COLUMN_WIDTH, PALETTE, style


def draw(table: pd.DataFrame) -> Figure:
    """Means over seeds with 95% intervals, the law, and their ratio."""
    look = {"color": PALETTE["blue"], "marker": "o", "label": "measured, 95% interval"}
    with style():
        fig, (top, bottom) = plt.subplots(
            2, 1, figsize=(COLUMN_WIDTH, 3.4), sharex=True, height_ratios=[2, 1]
        )
        law = table.groupby("n")["law"].first()
        top.plot(law.index, law, color="0.4", lw=0.9, ls="--", label=_formula(law))
        draw_means(top, table, "n", "smooth_ece", **look)
        top.set(xscale="log", yscale="log", ylabel="SmoothECE")
        low, high = top.get_ylim()
        ticks = [t for t in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1) if low <= t <= high]
        top.set_yticks(ticks, [f"{t:g}" for t in ticks])
        top.minorticks_off()
        top.legend(loc="upper right")
        ratio = table.assign(ratio=table["smooth_ece"] / table["law"])
        bottom.axhline(1.0, color="0.4", lw=0.9, ls="--")
        draw_means(bottom, ratio, "n", "ratio", **look)
        low, high = bottom.get_ylim()
        bottom.set_ylim(min(low, 0.9), max(high, 1.1))
        bottom.set(xlabel="sample size n", ylabel="measured / law")
    return fig


def _formula(law: pd.Series) -> str:
    """The law as text, c n^(-1/3); its constant is read off the table."""
    (n,), (value,) = law.index[:1], law[:1]
    return rf"law: ${value * n ** (1.0 / 3.0):.4f}\,n^{{-1/3}}$"
