"""Statements of which only the share that agrees was published, each with its interval."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, style
from lemmata.survey.figures.look import is_synthetic, mark, wrapped
from lemmata.survey.rows import tuples


def draw(table: pd.DataFrame) -> Figure:
    """table: as `comparison.statements_table` makes it, lowest share first."""
    own = table.reset_index(drop=True)
    x = own["share"] * 100
    with style():
        fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 0.9 + 0.17 * len(own)))
        ends = [end.clip(lower=0.0) for end in (x - own["lower"] * 100, own["upper"] * 100 - x)]
        for basis, colour in (("reported", "blue"), ("upper bound", "vermillion")):
            at = own["n_basis"] == basis
            if at.any():
                ax.errorbar(
                    x[at], own.index[at], xerr=[e[at] for e in ends], fmt="o",
                    color=PALETTE[colour], lw=1.0, label=f"n {basis}",
                )  # fmt: skip
        ax.axvline(50, color="0.6", lw=0.8, ls=":")
        for row in tuples(own):
            ax.text(101, int(str(row.Index)), f"{int(str(row.n)):,}", va="center", fontsize=6)
        ax.text(101, len(own), "n", fontsize=6, va="center")
        names = [wrapped(str(row.text), 76, 1) for row in tuples(own)]
        ax.set_yticks(own.index, names, fontsize=6.5)
        ax.set_xlim(0, 100)
        ax.set_ylim(-0.7, len(own) + 0.3)
        ax.set_xlabel("upper end of the scale, percent (95% interval)")
        fig.legend(loc="outside lower center", ncols=2)
        mark(fig, synthetic=is_synthetic(list(table["edition"])))
    return fig
