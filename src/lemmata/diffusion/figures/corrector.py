"""Variance of PCG against the number of Langevin steps, towards that of the powered law."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.diffusion import gaussian
from lemmata.plotting import COLUMN_WIDTH, PALETTE, style

COLOURS = (PALETTE["bluish_green"], PALETTE["reddish_purple"])


def draw(table: pd.DataFrame) -> Figure:
    """table: as `studies.corrector` makes it."""
    own = table[table["what"] == "variance"]
    strength = own["corrections"] * own["step_size"]
    corrections = np.geomspace(strength.min(), strength.max(), 60)
    whole = own["step_size"] == 1
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 3.0))
        for g, colour in zip(sorted(own["weight"].unique()), COLOURS, strict=True):
            closed = [gaussian.variance_pcg(g, float(k)) for k in corrections]
            ax.plot(corrections, closed, color=colour, lw=1)
            part = own["weight"] == g
            label = f"K steps of size 1, $\\gamma'={g:g}$"
            marks: dict[str, Any] = {"color": colour, "ls": ""}
            ax.plot(
                strength[part & whole], own["value"][part & whole], marker="^", label=label, **marks
            )
            if (part & ~whole).any():
                x, y = strength[part & ~whole], own["value"][part & ~whole]
                label = f"one step of size K, $\\gamma'={g:g}$"
                ax.plot(x, y, marker="o", mfc="none", ms=6, label=label, **marks)
            ax.axhline(gaussian.variance_powered(g), color=colour, ls="--", lw=0.8)
        ax.plot([], [], color="0.3", lw=1, label="closed form")
        ax.plot([], [], color="0.3", lw=0.8, ls="--", label="powered law")
        ax.set_xscale("log", base=2)
        ax.set_xlabel("Langevin steps $K$ at each level")
        ax.set_ylabel("variance of the samples")
        fig.legend(loc="outside upper center", ncols=1)
    return fig
