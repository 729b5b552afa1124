"""What people thought that others think, against what others think."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, style
from lemmata.survey.figures.look import count, is_synthetic, mark, wrapped
from lemmata.survey.rows import tuples


def draw(table: pd.DataFrame) -> Figure:
    """table: as `comparison.predicted_table` makes it; the latest edition of each series."""
    own = table[table["edition"] == table["edition"].max()]
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 3.3))
        ax.plot([0, 100], [0, 100], color="0.6", lw=0.8, ls=":")
        for false, part in own.groupby("false_belief"):
            colour = PALETTE["vermillion"] if false else PALETTE["blue"]
            x = part["actual"] * 100
            ends = [
                end.clip(lower=0.0) for end in (x - part["lower"] * 100, part["upper"] * 100 - x)
            ]
            name = "gap of 10 points or more, not 0" if false else "smaller gap, or may be 0"
            ax.errorbar(
                x, part["predicted"] * 100, xerr=ends, fmt="s" if false else "o", color=colour,
                lw=0.9, label=f"{name} ({len(part)})",
            )  # fmt: skip
        if len(own) < 4:
            for row in tuples(own):
                words = f"{wrapped(str(row.text), 26)}\n{count(row.n)} ({row.n_basis})"
                ax.annotate(
                    words, (100 * float(row.upper), 100 * float(row.predicted)), xytext=(-22, 10),
                    textcoords="offset points", va="bottom", fontsize=6.5,
                )  # fmt: skip
        else:
            sizes = own["n"].dropna()
            ax.text(
                0.98, 0.03, f"n {sizes.min()} to {sizes.max()}", ha="right", transform=ax.transAxes
            )
        ax.set_xlim(0, 100)
        ax.set_ylim(0, 100)
        ax.set_aspect("equal")
        ax.set_xlabel("upper end, percent (95% interval)")
        ax.set_ylabel("mean predicted percent")
        fig.legend(loc="outside lower center", ncols=1)
        mark(fig, synthetic=is_synthetic(list(table["edition"])))
    return fig
