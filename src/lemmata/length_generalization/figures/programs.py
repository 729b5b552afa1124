"""How long programs are, and on how many strings they were held against their oracles."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, letter, style

SIZES = {"RASP-L": "core operations", "C-RASP": "depth of nested counts"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.programs` makes it."""
    with style():
        longest = max((table["language"] == name).sum() for name in SIZES)
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 0.8 + 0.15 * longest))
        for ax, (language, size) in zip(axes, SIZES.items(), strict=True):
            own = table[table["language"] == language].sort_values("length", kind="stable")
            places = np.arange(len(own))
            wrong = own["mismatches"] > 0
            colours = np.where(wrong, PALETTE["vermillion"], PALETTE["sky_blue"])
            ax.barh(places, own["length"], color=colours, height=0.7)
            for place, length, strings, missed in zip(
                places, own["length"], own["strings"], own["mismatches"], strict=True
            ):
                text = f" {strings - missed:,} / {strings:,}"
                ax.text(length, place, text, va="center", fontsize=6)
            ax.set_yticks(places, own["title"], fontsize=6)
            ax.set_xlim(right=1.35 * own["length"].max())
            ax.set_xlabel(f"{size}; right strings / all")
            letter(ax, language)
    return fig
