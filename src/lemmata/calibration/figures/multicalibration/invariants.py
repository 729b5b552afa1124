"""What the algorithms owe by their definition, and by how much they keep it."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, TEXT_WIDTH, readable, style


def draw(table: pd.DataFrame) -> Figure:
    """table: of the study invariants: seed, setting, invariant, value (<= 0 where it holds)."""
    invariants = list(dict.fromkeys(table["invariant"]))
    with style():
        fig, ax = plt.subplots(figsize=(TEXT_WIDTH * 0.7, 0.8 + 0.28 * len(invariants)))
        for place, name in enumerate(invariants):
            values = table.loc[table["invariant"] == name, "value"].to_numpy()
            places = np.full(len(values), place)
            ax.plot(values, places, "o", ms=3, color=PALETTE["blue"], alpha=0.5)
        ax.axvline(0.0, color=PALETTE["vermillion"], lw=1.0)
        ax.set_xscale("symlog", linthresh=1e-12)
        ax.set_xticks([-1e8, -1e4, -1.0, -1e-4, -1e-8, 0.0])
        ax.set_xlim(right=max(1e-9, 10 * table["value"].max()))  # what is broken must be seen
        ax.set_yticks(np.arange(len(invariants)), [readable(name) for name in invariants])
        ax.set_ylim(len(invariants) - 0.5, -0.5)
        ax.set_xlabel("value; kept where <= 0 or rounding (each dot a fit)")
    return fig
