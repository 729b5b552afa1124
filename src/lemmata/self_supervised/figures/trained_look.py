"""What the figures of trained encoders share: names, colours, markers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from lemmata.plotting import PALETTE

METHODS: Final = {
    "i_jepa": "I-JEPA",
    "data2vec": "data2vec",
    "mae": "MAE",
    "vicreg": "VICReg",
    "simclr": "SimCLR",
    "dino": "DINO",
}
COLOURS: Final = dict(zip(METHODS, list(PALETTE.values())[:6], strict=True))
METRICS: Final = {
    "lidar": "LiDAR",
    "head_lidar": "LiDAR of the head",
    "rankme": "RankMe",
    "head_rankme": "RankMe of the head",
    "effective_rank": "effective rank",
    "participation_ratio": "participation ratio",
    "minus_alpha": "$-\\alpha$ (alpha-ReQ)",
    "minus_loss": "$-$loss",
}
NAMES: Final = ("blue", "vermillion", "bluish_green", "orange", "reddish_purple", "sky_blue")
MARKERS: Final = ("o", "s", "^", "v", "D", "P", "X")


def known_methods(table: pd.DataFrame) -> list[str]:
    """The methods of a table in the order of this module."""
    found = set(table["method"].dropna())
    return [name for name in METHODS if name in found]


def metric_name(metric: str) -> str:
    """A metric's name; LiDAR with another delta names it."""
    if metric in METRICS:
        return METRICS[metric]
    exponent = metric.removeprefix("lidar_")
    return f"LiDAR, $\\delta$ = {float(exponent):g}"


def axis_look(axes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each setting that a sweep varies; the base is a black star.

    Colours come in sixes and markers in sevens: 42 settings are told apart.
    """
    looks = {
        axis: (PALETTE[NAMES[k % len(NAMES)]], MARKERS[k % len(MARKERS)])
        for k, axis in enumerate(axes)
    }
    return {"": (PALETTE["black"], "*")} | looks
