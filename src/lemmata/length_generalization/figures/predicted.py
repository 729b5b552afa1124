"""What theory predicts beside what was observed: tasks down, positions and bins across."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.length_generalization.figures.look import BIN_NAMES
from lemmata.plotting import TEXT_WIDTH, style

MODELS = {"ape": "APE", "nope": "NoPE"}
DIALECTS = {"ape": "C-RASP\n[per., local]", "nope": "C-RASP[]"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.predicted` makes it: exact match by task, model and bin; predictions."""
    known = table[table["model"].isin(MODELS)]
    tasks = list(dict.fromkeys(known["task"]))
    titles = known.drop_duplicates("task").set_index("task")["title"]
    bins = [name for name in BIN_NAMES if name in set(known["bin"])]
    columns = [(m, what) for m in MODELS for what in ("c_rasp", "ac0", *bins)]
    with style():
        fig, ax = plt.subplots(figsize=(TEXT_WIDTH, 1.1 + 0.2 * len(tasks)))
        values = np.full((len(tasks), len(columns)), np.nan)
        for (row, task), (column, (model, what)) in _cells(tasks, columns):
            rows = known[(known["task"] == task) & (known["model"] == model)]
            if rows.empty:
                continue
            if what in bins:
                found = rows[rows["bin"] == what]
                if len(found):
                    values[row, column] = found["value"].iloc[0]
                    _number(ax, row, column, found.iloc[0])
            else:
                said = rows[what].iloc[0]
                text = "?" if pd.isna(said) else "yes" if said else "no"
                ax.text(column, row, text, ha="center", va="center", fontsize=7)
        image = ax.imshow(values, vmin=0, vmax=1, cmap="cividis", aspect="auto")
        names = [
            {"c_rasp": DIALECTS[m], "ac0": "AC0"}.get(what, BIN_NAMES.get(what, ""))
            for m, what in columns
        ]
        ax.set_xticks(range(len(columns)), names, fontsize=6)
        ax.xaxis.tick_top()
        ax.set_yticks(range(len(tasks)), [titles[task] for task in tasks])
        ax.tick_params(length=0)
        half = len(columns) // 2
        ax.axvline(half - 0.5, color="black", lw=1)
        for number, name in enumerate(MODELS.values()):
            place = (half * (number + 0.5)) / len(columns)
            ax.text(place, -0.02, name, transform=ax.transAxes, ha="center", va="top")
        fig.colorbar(image, ax=ax, label="exact match, median over seeds", pad=0.01)
    return fig


def _cells(
    tasks: list[str], columns: list[tuple[str, str]]
) -> list[tuple[tuple[int, str], tuple[int, tuple[str, str]]]]:
    return [(task, column) for task in enumerate(tasks) for column in enumerate(columns)]


def _number(ax: Axes, row: int, column: int, cell: pd.Series[float]) -> None:
    dark = cell["value"] < 0.55
    text = f"{cell['value']:.2f}\n{cell['lower']:.2f}-{cell['upper']:.2f}"
    ax.text(
        column,
        row,
        text,
        ha="center",
        va="center",
        fontsize=4.8,
        color="white" if dark else "black",
        linespacing=0.95,
    )
