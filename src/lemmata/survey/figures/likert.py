"""Diverging stacked bars: the neutral answer centred, n beside each row, the net with interval."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lemmata.plotting import TEXT_WIDTH, style
from lemmata.survey.figures.look import SCALE, count, edition_name, is_synthetic, mark, wrapped

LATEST_ROWS = 16
"""Rows that a page holds; of longer tables the latest editions are drawn."""


def draw(table: pd.DataFrame) -> Figure:
    """table: as `comparison.likert_table` makes it."""
    rows = _rows(table)
    with style():
        fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 1.0 + 0.36 * len(rows)))
        for y, (_, row) in enumerate(rows):
            _bar(ax, y, row)
        ax.axvline(0, color="black", lw=0.6)
        ax.set_yticks(range(len(rows)), [_name(row) for _, row in rows], fontsize=6.5)
        ax.set_xlim(-112, 112)
        ax.set_xticks([-100, -50, 0, 50, 100], ["100", "50", "0", "50", "100"])
        ax.set_xlabel("percent of those with a stance, the neutral answer centred")
        for y, (_, row) in enumerate(rows):
            first = row.iloc[0]
            none = first["no_stance"]
            apart = f"\nno stance {none:.0%}" if none == none and none > 0 else ""
            ax.text(113, y, count(first["n"]) + apart, va="center", fontsize=6)
        ends = ("lowest answer", "neutral", "highest answer")
        handles = [
            Patch(color=SCALE(x), label=t) for x, t in zip((0.0, 0.5, 1.0), ends, strict=True)
        ]
        net = Line2D([], [], color="black", marker="|", label="upper less lower end, 95%")
        fig.legend(handles=[*handles, net], loc="outside lower center", ncols=4)
        mark(fig, synthetic=is_synthetic(list(table["edition"])))
    return fig


def _rows(table: pd.DataFrame) -> list[tuple[float, pd.DataFrame]]:
    """One part per edition and question, by net, highest on top."""
    years = sorted(table["year"].unique(), reverse=True)
    kept = table
    if table.groupby(["edition", "question"]).ngroups > LATEST_ROWS:
        kept = table[table["year"] == years[0]]
    parts = kept.groupby(["edition", "question"], sort=False)
    return sorted(
        ((float(part["net"].iloc[0]), part.sort_values("position")) for _, part in parts),
        key=lambda item: item[0],
    )


def _name(row: pd.DataFrame) -> str:
    first = row.iloc[0]
    return f"{wrapped(first['text'], 40)}\n({edition_name(first['edition'])})"


def _bar(ax: Axes, y: int, row: pd.DataFrame) -> None:
    """One question; a middle category is halved by zero."""
    shares = row["share"].to_numpy() * 100.0
    points = len(shares)
    left = -(shares[: points // 2].sum() + (shares[points // 2] / 2 if points % 2 else 0.0))
    starts = left + np.concatenate([[0.0], np.cumsum(shares)[:-1]])
    colours = [SCALE(i / (points - 1)) for i in range(points)]
    ax.barh(y, shares, left=starts, color=colours, height=0.62, lw=0)
    first = row.iloc[0]
    low, high = first["net_lower"], first["net_upper"]
    if low == low:
        ax.plot([100 * low, 100 * high], [y, y], color="black", lw=1.0)
    ax.plot(100 * first["net"], y, "|", color="black", ms=7)
