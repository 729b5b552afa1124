"""How long programs are, and on how many strings they were held against their oracles."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

SIZES = {"RASP-L": "core operations", "C-RASP": "depth of nested counts"}
BEYOND = "RASP"  # breaks RASP-L's rule on positions


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.programs` makes it."""
    with style():
        drawn = table.assign(panel=table["language"].replace(BEYOND, "RASP-L"))
        drawn["title"] += np.where(table["language"] == BEYOND, " *", "")
        longest = max((drawn["panel"] == name).sum() for name in SIZES)
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 0.8 + 0.15 * longest))
        for ax, (language, size) in zip(axes, SIZES.items(), strict=True):
            own = drawn[drawn["panel"] == language].sort_values("length", kind="stable")
            places = np.arange(len(own))
            wrong = own["mismatches"] > 0
            colours = np.where(wrong, PALETTE["vermillion"], PALETTE["sky_blue"])
            colours[own["language"] == BEYOND] = "0.75"
            ax.barh(places, own["length"], color=colours, height=0.7)
            for place, length, strings, missed in zip(
                places, own["length"], own["strings"], own["mismatches"], strict=True
            ):
                text = f" {strings - missed:,} / {strings:,}"
                ax.text(length, place, text, va="center", fontsize=6)
            ax.set_yticks(places, own["title"], fontsize=6)
            ax.set_xlim(right=1.5 * own["length"].max())
            note = "\n* by arithmetic on positions: not RASP-L" * (language == "RASP-L")
            ax.set_xlabel(f"{size}; right strings / all{note}")
            letter(ax, language)
    return fig
