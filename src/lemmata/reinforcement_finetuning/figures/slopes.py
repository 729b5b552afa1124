"""What is left of the gradient as STD falls, for what RFT, PPO and GRPO ascend."""

from __future__ import annotations

from typing import Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lemmata.plotting import TEXT_WIDTH, letter, style
from lemmata.reinforcement_finetuning.figures.look import objective

TITLES: Final = {
    "rare": "(a) one rare output is rewarded",
    "alike": "(b) all rewards are nearly equal",
}
LEAST: Final = {"rare": 1e-13, "alike": 1e-7}
NEAR: Final = (1e-3, 1e-2)
"""STD between which exponents are told: small, and above the floor of GRPO's division."""


def draw(table: pd.DataFrame) -> Figure:
    """table: as `exact.studies.surrogates` makes it."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 3.9))
        for ax, (case, title) in zip(axes, TITLES.items(), strict=True):
            _panel(ax, table[table["case"] == case])
            ax.set_ylim(bottom=LEAST[case])
            letter(ax, title)
        axes[0].set_ylabel("norm of the expected gradient")
    return fig


def _panel(ax: Axes, table: pd.DataFrame) -> None:
    std = np.geomspace(table["std"].min(), table["std"].max(), 20)
    ax.plot(std, std ** (2.0 / 3.0), ":", color="0.5", label="bound of Theorem 1: 0.67")
    for method, part in table.groupby("method", sort=False):
        look = objective(str(method))
        own = part[part["gradient_norm"] > 0.0]  # where all ratios are clipped nothing is left
        name = f"{look.name}{_exponent(own)}"
        ax.plot(own["std"], own["gradient_norm"], look.line, color=look.colour, label=name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("STD of the reward under the policy")
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.45, -0.2),
        title="exponent of STD between 0.001 and 0.01",
        title_fontsize=7,
    )


def _exponent(table: pd.DataFrame) -> str:
    near = table[table["std"].between(*NEAR)]
    if len(near) < 2:
        return ""
    found = np.polyfit(np.log(near["std"]), np.log(near["gradient_norm"]), 1)[0]
    return f": {abs(found):.1f}"
