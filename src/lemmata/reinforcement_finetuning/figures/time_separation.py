"""Time that RFT and SFT take to make the right answer likely, against the initial STD."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.figures.look import objective

MARKS: Final = {"flow": ("o", "flow, integrated"), "descent": ("x", "gradient descent")}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `exact.studies.time_separation` makes it."""
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 3.0))
        for method, own in table[table["rest"] == "uniform"].groupby("method", sort=False):
            look = objective(str(method))
            how = "closed form" if "closed form" in set(own["how"]) else "flow"
            line = own[own["how"] == how].sort_values("std")
            left.plot(line["std"], line["time"], color=look.colour, label=look.name)
        for how, (mark, name) in MARKS.items():
            own = table[(table["how"] == how) & table["method"].isin(["rft", "sft"])]
            for method, part in own[own["rest"] == "uniform"].groupby("method"):
                colour = objective(str(method)).colour
                left.plot(part["std"], part["time"], mark, color=colour, mfc="none", ms=4)
            left.plot([], [], mark, color="black", mfc="none", ms=4, label=name)
        left.set_xscale("log")
        left.set_yscale("log")
        left.set_ylabel("time to probability 1/2")
        left.legend(loc="upper right")
        letter(left, "(a) both, wrong labels equally likely")
        _sft(right, table)
        for ax in (left, right):
            ax.set_xlabel("initial STD of the reward")
    return fig


def _sft(ax: Axes, table: pd.DataFrame) -> None:
    """SFT alone: a line in log(1 / STD)."""
    own = table[(table["method"] == "sft") & (table["how"] == "flow")]
    names = {"uniform": "wrong labels equally likely", "peaked": "one wrong label has the mass"}
    for (rest, part), line in zip(own.groupby("rest", sort=False), ("-o", "--s"), strict=True):
        part = part.sort_values("std")
        colour = objective("sft").colour
        ax.plot(part["std"], part["time"], line, ms=3, color=colour, label=names[str(rest)])
    ax.set_xscale("log")
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("time to probability 1/2")
    ax.legend(loc="lower left")
    letter(ax, "(b) SFT alone, on a linear axis")
