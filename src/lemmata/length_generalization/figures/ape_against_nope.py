"""Learned positions against none on the longest strings, task by task."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import BIN_NAMES, NAMES, look
from lemmata.plotting import COLUMN_WIDTH, style


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.predicted` makes it; tasks with both kinds of positions are drawn."""
    longest = [name for name in BIN_NAMES if name in set(table["bin"])][-1]
    known = table[(table["bin"] == longest) & table["model"].isin(["ape", "nope"])]
    both = known.groupby("task", sort=False).filter(lambda rows: len(rows) == 2)
    wide = both.pivot_table(index="task", columns="model", values="value")
    tasks = list((wide["ape"] - wide["nope"]).sort_values(kind="stable").index)
    needed = both[both["model"] == "nope"].set_index("task")["c_rasp"]
    titles = both.drop_duplicates("task").set_index("task")["title"]
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 1.2 + 0.22 * len(tasks)))
        for model, shift in (("ape", 0.12), ("nope", -0.12)):
            rows = both[both["model"] == model].set_index("task").loc[tasks]
            places = np.arange(len(tasks)) + shift
            spread = [rows["value"] - rows["lower"], rows["upper"] - rows["value"]]
            ax.errorbar(
                rows["value"],
                places,
                xerr=spread,
                elinewidth=0.8,
                ls="",
                label=NAMES[model],
                **look(model),
            )
        names = [f"{titles[task]}{'' if needed[task] else ' *'}" for task in tasks]
        ax.set_yticks(range(len(tasks)), names)
        ax.set_ylim(-0.6, len(tasks) - 0.4)
        ax.set_xlim(-0.04, 1.04)
        ax.set_xlabel(f"exact match on {BIN_NAMES[longest]}")
        ax.grid(axis="y", color="0.93", lw=0.5)
        fig.legend(loc="outside upper center", ncols=1, title="* theory: needs positions")
    return fig
