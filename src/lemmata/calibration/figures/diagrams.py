"""Smooth reliability diagrams (arXiv 2309.12236, figures 1 and 2): curve, band, density, value.

relplot draws the curve, as dots that grow with the density of predictions; numbers are ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import relplot
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, TEXT_WIDTH, readable, style

LARGEST_DOT = 0.8  # of the density that sets relplot's dots: its sizes are for a six-inch figure
DOT_SCALE = 0.32
FEWEST = 0.5  # predictions within a bandwidth below which no curve is drawn
ABOVE_DOTS = 110  # relplot draws them at 100
DENSITY_HEIGHT = 0.16  # of the panel, at the highest density


def draw_models(
    curves: Mapping[str, pd.DataFrame],
    summaries: Mapping[str, pd.DataFrame],
    truth: pd.DataFrame | None = None,
) -> Figure:
    """One panel per model; curves and summaries by model as `reliability` gives them, one seed.

    truth: the true curve (t, mu) of a synthetic population, drawn in green.
    """
    columns = min(len(curves), 4)
    rows = math.ceil(len(curves) / columns)
    width = COLUMN_WIDTH if columns == 1 else TEXT_WIDTH * columns / 4
    side = width / columns
    with style():
        fig, axes = plt.subplots(
            rows, columns, figsize=(width, rows * (side + 0.45)), squeeze=False
        )
        for ax, (model, curve) in zip(axes.flat, curves.items(), strict=False):
            summary = summaries[model].iloc[0]
            draw_diagram(ax, curve, summary, truth)
            ax.set_title(f"{readable(model)}\n{value_text(summary)}", fontsize=6.5)
        for ax in axes.flat[len(curves) :]:
            ax.set_visible(False)
        for index, ax in enumerate(axes.flat[: len(curves)]):
            if index + columns >= len(curves):
                ax.set_xlabel("prediction p")
            if index % columns == 0:
                ax.set_ylabel("frequency of y = 1")
    return fig


def draw_binned_and_smooth(
    bins: pd.DataFrame,
    curve: pd.DataFrame,
    summary: pd.Series,
    truth: pd.DataFrame | None = None,
) -> Figure:
    """One predictor twice: binned diagram (`bin_table`) and smooth one, as in the paper's figure 1.

    summary: a row of `reliability` with the column binned_ece; truth: the true curve (t, mu).
    """
    with style():
        fig, (left, right) = plt.subplots(
            1, 2, figsize=(TEXT_WIDTH * 0.66, TEXT_WIDTH * 0.4), sharey=True
        )
        draw_bins(left, bins)
        left.set_title(f"binned, {len(bins)} bins\nECE {summary['binned_ece']:.3f}\n")
        draw_diagram(right, curve, summary, truth)
        if truth is not None:
            _draw_truth(left, truth)
            left.legend(loc="upper left", handlelength=2.5)
        right.set_title(f"smooth\n{value_text(summary)}")
        left.set_ylabel("frequency of y = 1")
        for ax in (left, right):
            ax.set_xlabel("prediction p")
    return fig


def value_text(summary: pd.Series) -> str:
    """The value with its interval, what a calibrated model would stay below, and n."""
    numbers = (f"{summary[k]:.3f}" for k in ("smooth_ece", "lower", "upper", "null_upper"))
    value, low, high, null = numbers
    return f"smECE {value} [{low}, {high}]\nnull: {null}; n = {summary['n']:,.0f}"


def draw_diagram(
    ax: Axes, curve: pd.DataFrame, summary: pd.Series, truth: pd.DataFrame | None = None
) -> None:
    """Curve (t, mu, lower, upper, density) with band and density into one square panel.

    Curve and band end where fewer than half a prediction is expected within a bandwidth.
    """
    bandwidth = max(summary["smooth_ece"], 1.0 / (len(curve) - 1))
    few = curve["density"] * bandwidth * summary["n"] < FEWEST
    curve = curve.assign(**{name: curve[name].mask(few) for name in ("mu", "lower", "upper")})
    t, density = curve["t"].to_numpy(), curve["density"].to_numpy()  # (T,) each
    highest = density.max()
    height = DENSITY_HEIGHT * density / highest
    ax.fill_between(t, height, color=PALETTE["sky_blue"], alpha=0.5, lw=0, zorder=1)
    ax.plot([0, 1], [0, 1], color="0.5", lw=0.6, ls="--", zorder=2)
    _draw_band(ax, curve, density / highest)
    if truth is not None:
        _draw_truth(ax, truth)
    ax.plot(t, curve["mu"], color=PALETTE["vermillion"], lw=0.6, zorder=4)
    relplot.plot_rel_diagram(
        {
            "mesh": t,
            "mu": curve["mu"].to_numpy(copy=True),
            # A copy: relplot halves the density that it is given.
            "density": np.minimum(DOT_SCALE * density, LARGEST_DOT),
            "bags": [],
        },
        fig=ax.figure,
        ax=ax,
        use_default_style=False,
        color=PALETTE["vermillion"],
        plot_density_ticks=False,
        plot_labels=False,
        plot_diagonal=False,
    )
    ax.collections[-1].set_rasterized(True)  # a thousand dots: 0.6 MB of SVG
    _ticks(ax)


def draw_bins(ax: Axes, bins: pd.DataFrame) -> None:
    """Bars of the observed frequency, darker where more predictions are (table of `bin_table`)."""
    count, lower, upper, mean_y = (
        bins[name].to_numpy(dtype=np.float64) for name in ("count", "lower", "upper", "mean_y")
    )  # (B,) each
    shade = np.zeros((len(bins), 4))
    shade[:, :3] = 0.3
    shade[:, 3] = 0.15 + 0.6 * count / count.max()
    ax.bar(lower, np.nan_to_num(mean_y), upper - lower, align="edge", color=shade, lw=0)
    filled = bins[bins["count"] > 0]
    ax.plot(filled["mean_p"], filled["mean_y"], "o-", color=PALETTE["vermillion"], ms=2.5, lw=0.8)
    ax.plot([0, 1], [0, 1], color="0.5", lw=0.6, ls="--")
    ax.set_aspect("equal")
    _ticks(ax)


def _draw_band(ax: Axes, curve: pd.DataFrame, share: np.ndarray) -> None:
    """The band as quadrilaterals, fainter where there are few predictions, in one collection."""
    t, lower, upper = (curve[name].to_numpy() for name in ("t", "lower", "upper"))  # (T,) each
    corners = [(t, lower), (t, upper)]
    left = [np.stack(c, axis=-1)[:-1] for c in corners]  # (T - 1, 2) each
    right = [np.stack(c, axis=-1)[1:] for c in reversed(corners)]
    quads = np.stack(left + right, axis=1)  # (T - 1, 4, 2)
    known = np.isfinite(quads).all(axis=(1, 2))
    shades = np.zeros((int(known.sum()), 4))
    shades[:, :3] = 0.45
    shades[:, 3] = 0.15 + 0.35 * np.sqrt(share[:-1][known])
    ax.add_collection(PolyCollection(list(quads[known]), facecolors=shades, lw=0, zorder=2))


def _draw_truth(ax: Axes, truth: pd.DataFrame) -> None:
    """The true curve (t, mu), above what was measured."""
    look: dict[str, Any] = {"color": PALETTE["bluish_green"], "ls": "-."}
    ax.plot(truth["t"], truth["mu"], lw=1.0, label="truth", zorder=ABOVE_DOTS, **look)


def _ticks(ax: Axes) -> None:
    ticks = [0.0, 0.5, 1.0]
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks)
    ax.set_xticklabels(["0", "0.5", "1"])
    ax.set_yticklabels(["0", "0.5", "1"])
