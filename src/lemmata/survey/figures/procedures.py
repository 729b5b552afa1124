"""Coverage of Wilson's interval, and the permutation test's power by the number of respondents."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style
from lemmata.survey.figures.look import mark


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.procedures` makes it."""
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 2.7))
        covered = table[table["procedure"] == "coverage"]
        for (n, part), colour in zip(
            covered.groupby("n"), ("blue", "vermillion", "orange"), strict=False
        ):
            ends = _ends(part)
            left.errorbar(
                part["share"], part["rate"], yerr=ends, fmt="o-", color=PALETTE[colour], lw=0.8,
                label=f"n = {n}",
            )  # fmt: skip
        left.axhspan(0.93, 0.965, color="0.92", zorder=0)
        left.axhline(0.95, color="0.6", lw=0.8, ls=":")
        left.set_xlabel("true share")
        left.set_ylabel("share of intervals that hold it")
        left.legend(loc="lower center", ncols=2)
        letter(left, "Wilson's 95% interval")
        for name, colour, label in (
            ("power", "blue", "trust of 2023 and 2025"),
            ("null", "vermillion", "no difference"),
        ):
            part = table[table["procedure"] == name]
            ends = _ends(part)
            right.errorbar(
                part["n"],
                part["rate"],
                yerr=ends,
                fmt="o-",
                color=PALETTE[colour],
                lw=1.0,
                label=label,
            )
        right.axhline(0.05, color="0.6", lw=0.8, ls=":")
        right.set_ylim(0, 1)
        right.set_xlabel("respondents in each edition")
        right.set_ylabel("rejected at 0.05")
        right.legend(loc="center right")
        letter(right, "permutation test of the whole distribution")
        mark(fig, synthetic=True)
    return fig


def _ends(part: pd.DataFrame) -> list[pd.Series[float]]:
    """Distances to both ends of the interval; a rate of 0 or 1 is its own end but for rounding."""
    ends = [part["rate"] - part["lower"], part["upper"] - part["rate"]]
    return [end.clip(lower=0.0) for end in ends]
