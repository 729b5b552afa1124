"""Gradient norm of every policy against the standard deviation of its reward, below both bounds."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lemmata.plotting import COLUMN_WIDTH, PALETTE, style

COLOURS: Final = {
    "tabular": PALETTE["sky_blue"],
    "tabular sequence": PALETTE["blue"],
    "linear": PALETTE["orange"],
    "mlp": PALETTE["bluish_green"],
    "transformer": PALETTE["reddish_purple"],
}
NAMES: Final = {"mlp": "MLP"}
LEAST: Final = 1e-10
SHOWN: Final = 1500  # points of one kind: more would hide each other and swell the SVG


def draw(table: pd.DataFrame) -> Figure:
    """table: as `exact.studies.bounds` makes it."""
    std = np.geomspace(LEAST, 1.0, 50)
    with style():
        fig, ax = plt.subplots(figsize=(COLUMN_WIDTH, 3.1))
        for policy, colour in COLOURS.items():
            own = table[(table["policy"] == policy) & (table["checkpoint"] == "random")]
            own = own.iloc[:: max(1, len(own) // SHOWN)]
            ax.plot(*_place(own), ".", ms=1.5, color=colour, rasterized=True)
            ax.plot([], [], ".", ms=6, color=colour, label=NAMES.get(policy, policy))
        trained = table[table["checkpoint"] != "random"]
        ax.plot(*_place(trained), "x", ms=4, color="black", label="transformer in training")
        theorem = 6.0 * np.sqrt(2.0) * std ** (2.0 / 3.0)
        ax.plot(std, theorem, "--", color="black", lw=1, label="Theorem 1, one token")
        ax.plot(std, std, color="black", lw=1, label="sharper bound")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlim(LEAST, 2.0)
        ax.set_ylim(1e-20, 30.0)
        ax.set_xlabel("STD of the reward under the policy")
        ax.set_ylabel(r"$\|\nabla V\| \;/\; \sqrt{L/2}\,\gamma$")
        fig.legend(loc="outside upper center", ncols=2)
    return fig


def _place(table: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """STD, and the gradient over the sharper bound times STD."""
    own = table[table["std"] > LEAST]
    return own["std"], own["sharper_ratio"] * own["std"]
