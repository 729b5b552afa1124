"""What the figures share: colours of features, depths and objectives."""

from __future__ import annotations

from typing import Final

from lemmata.plotting import PALETTE

FEATURES: Final = (
    PALETTE["blue"],
    PALETTE["sky_blue"],
    PALETTE["bluish_green"],
    PALETTE["orange"],
    PALETTE["vermillion"],
)
"""From the largest rho to the smallest."""
MARKERS: Final = ("o", "s", "^", "D", "v")
COLOURS: Final = {"jepa": PALETTE["blue"], "mae": PALETTE["vermillion"]}
NAMES: Final = {"jepa": "JEPA", "mae": "MAE"}
DEPTHS: Final = ("#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c", "#08306b")
"""Shades from shallow to deep; deeper than six repeat the last."""


def shade(depths: list[int], depth: int) -> str:
    """The shade of one of several depths, spread over the scale."""
    place = depths.index(depth) * (len(DEPTHS) - 1) / max(len(depths) - 1, 1)
    return DEPTHS[round(place)]
