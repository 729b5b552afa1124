"""One look for the figures of finetuned language models."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes

from lemmata.plotting import PALETTE

COLOURS: Final = {
    "reinforce": PALETTE["blue"],
    "ppo": PALETTE["sky_blue"],
    "grpo": PALETTE["bluish_green"],
    "sft": PALETTE["vermillion"],
    "sft_reinforce": PALETTE["reddish_purple"],
    "pretrained": PALETTE["black"],
}
NAMES: Final = {
    "reinforce": "REINFORCE",
    "ppo": "PPO",
    "grpo": "GRPO",
    "sft": "SFT",
    "sft_reinforce": "SFT on few, then REINFORCE",
    "pretrained": "pretrained",
}
MARKERS: Final = {
    "reinforce": "o",
    "ppo": "v",
    "grpo": "^",
    "sft": "s",
    "sft_reinforce": "D",
    "pretrained": "x",
}


def in_order(runs: set[str]) -> list[str]:
    """Runs as they are listed here."""
    return [name for name in NAMES if name in runs]


def mean_and_range(ax: Axes, x: Any, y: Any, colour: str, **line: Any) -> None:
    """A line through the means of y at each x, and a band from the least to the largest."""
    found = y.groupby(x).agg(["mean", "min", "max"])
    ax.fill_between(found.index, found["min"], found["max"], color=colour, alpha=0.2, lw=0)
    ax.plot(found.index, found["mean"], color=colour, **line)
