"""What comparable questions did from edition to edition, with intervals where n is known."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style
from lemmata.survey.figures.look import is_synthetic, mark, wrapped
from lemmata.survey.rows import tuples

AXES = {
    "percent": "percent",
    "year": "year with a chance of 50%",
    "mean stance": "mean stance (1 to 5)",
}
GREY = "0.65"


def draw(table: pd.DataFrame) -> Figure:
    """table: as `comparison.slopes_table` makes it; a panel a unit."""
    units = [unit for unit in AXES if unit in set(table["unit"])]
    with style():
        size = (TEXT_WIDTH, 4.7)
        ratios = {"width_ratios": [3, 2]} if len(units) == 2 else {}
        fig, axes = plt.subplots(1, len(units), figsize=size, squeeze=False, gridspec_kw=ratios)
        for ax, unit in zip(axes[0], units, strict=True):
            _panel(ax, table[table["unit"] == unit], unit)
        mark(fig, synthetic=is_synthetic(list(table["edition"])))
    return fig


def _panel(ax: Axes, table: pd.DataFrame, unit: str) -> None:
    colours = [c for name, c in PALETTE.items() if name != "yellow"]
    marks = "os^Dvx*"
    parts = list(table.groupby("question", sort=False))
    moved = [question for question, part in parts if part["drifted"].any()]
    many = len(parts) > len(colours)
    for i, (question, part) in enumerate(parts):
        own = part.sort_values("year")
        quiet = many and question not in moved
        at = moved.index(question) if many and not quiet else i
        colour = GREY if quiet else colours[at % len(colours)]
        _line(ax, own, colour, marks[at % len(marks)], _label(own, quiet))
    if many:
        ax.plot([], [], color=GREY, label="no drift found")
    years = sorted(table["year"].unique())
    ax.set_xticks(years, [f"{int(y)}" for y in years], rotation=45)
    ax.set_xlim(years[0] - 0.35, years[-1] + 0.35)
    ax.set_xlabel("edition")
    ax.set_ylabel(AXES[unit])
    if unit == "percent":
        ax.set_ylim(0, 100)
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.2), fontsize=6.5, handlelength=1.5)
    letter(ax, "filled: interval shown; hollow: n not stated" if unit == "percent" else "")


def _label(own: pd.DataFrame, quiet: bool) -> str | None:
    if quiet:
        return None
    known = own["n"].dropna()
    sizes = (
        " to ".join(f"{int(n):,}" for n in sorted({known.min(), known.max()})) if len(known) else ""
    )
    return wrapped(own["text"].iloc[0], 50) + (f" (n {sizes})" if sizes else "")


def _line(ax: Axes, own: pd.DataFrame, colour: str, marker: str, label: str | None) -> None:
    ax.plot(own["year"], own["value"], color=colour, lw=1.0, zorder=2 if label else 1)
    ax.plot([], [], color=colour, marker=marker, label=label) if label else None
    for row in tuples(own):
        known = bool(np.isfinite(row.lower))
        ax.plot(
            row.year, row.value, marker, color=colour, mfc=colour if known else "white",
            zorder=3 if label else 1,
        )  # fmt: skip
        if known:
            ax.plot([row.year] * 2, [row.lower, row.upper], color=colour, lw=1.0, zorder=2)
