"""What LiDAR and RankMe gave where the answer is known, over that answer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, style

COLOURS = {"identity": PALETTE["bluish_green"], "limit": PALETTE["blue"]}
NAMES = {"identity": "identity", "limit": "random embeddings"}


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.identities` makes it; a mark a seed."""
    cases = list(dict.fromkeys(table["case"]))
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 3.6))
        for kind, own in table.groupby("kind"):
            place = own["case"].map(cases.index)
            gap = 100 * (own["ratio"] - 1)
            ax.plot(gap, place, "o", mfc="none", color=COLOURS[str(kind)], label=NAMES[str(kind)])
        ax.axvspan(-2, 2, color="0.93", lw=0)
        ax.axvline(0, color="0.6", ls=":", lw=0.8)
        ax.set_yticks(range(len(cases)), cases)
        ax.invert_yaxis()
        ax.set_xlabel("found over expected $-$ 1 (%)")
        fig.legend(loc="outside upper center", ncols=2)
    return fig
