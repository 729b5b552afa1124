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


def draw(table: pd.DataFrame) -> Figure:
    """table: as `exact.studies.surrogates` makes it."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(TEXT_WIDTH, 3.0))
        for ax, (case, title) in zip(axes, TITLES.items(), strict=True):
            _panel(ax, table[table["case"] == case])
            ax.set_ylim(bottom=LEAST[case])
            letter(ax, title)
        axes[0].set_ylabel("norm of the expected gradient")
    return fig


def _panel(ax: Axes, table: pd.DataFrame) -> None:
    std = np.geomspace(table["std"].min(), table["std"].max(), 20)
    ax.plot(std, std ** (2.0 / 3.0), ":", color="0.5", label="exponent of the theorem, 2/3")
    for method, own in table.groupby("method", sort=False):
        look = objective(str(method))
        # The exponent where the gradient vanishes, and so the floor of GRPO's division too.
        small = own.nsmallest(max(3, len(own) // 4), "std")
        exponent = np.polyfit(np.log(small["std"]), np.log(small["gradient_norm"]), 1)[0]
        ax.plot(
            own["std"],
            own["gradient_norm"],
            look.line,
            color=look.colour,
            label=f"{look.name}: {exponent:.1f}",
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("STD of the reward under the policy")
    ax.legend(loc="lower right", title="exponent for small STD", title_fontsize=7)
