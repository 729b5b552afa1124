"""How much each question's answers agree: lollipops from the value of a uniform distribution."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style
from lemmata.survey.figures.look import count, edition_name, is_synthetic, mark, wrapped
from lemmata.survey.rows import tuples

PANELS = {
    "consensus": ("consensus (Tastle, Wierman)", (0, 1), 0.0),
    "agreement": ("agreement A (van der Eijk)", (-1, 1), 0.0),
    "variance": ("variance over its maximum", (0, 1), 0.0),
}
ROWS = 16


def draw(table: pd.DataFrame) -> Figure:
    """table: as `comparison.consensus_table` makes it."""
    own = table if len(table) <= ROWS else table[table["year"] == table["year"].max()]
    own = own.sort_values("consensus").reset_index(drop=True)
    names = [
        f"{wrapped(row.text, 40)}\n({edition_name(str(row.edition))}, {count(row.n)})"
        for row in tuples(own)
    ]
    with style():
        size = (TEXT_WIDTH, 0.9 + 0.36 * len(own))
        fig, axes = plt.subplots(1, len(PANELS), figsize=size, sharey=True)
        for ax, (column, (label, limits, base)) in zip(axes, PANELS.items(), strict=True):
            colour = PALETTE["vermillion"] if column == "variance" else PALETTE["blue"]
            ax.hlines(own.index, base, own[column], color=colour, lw=1.2)
            ax.plot(own[column], own.index, "o", color=colour)
            ax.axvline(base, color="0.5", lw=0.6)
            ax.set_xlim(*limits)
            ax.set_xlabel(label)
            letter(ax, SIDES[column])
        axes[0].set_yticks(own.index, names, fontsize=6.5)
        mark(fig, synthetic=is_synthetic(list(table["edition"])))
    return fig


SIDES = {
    "consensus": "0 polar, 1 unanimous",
    "agreement": "-1 polar, 1 unanimous",
    "variance": "0 unanimous, 1 polar",
}
