"""One look for the figures of length generalization."""

from __future__ import annotations

from typing import Any, Final

from lemmata.plotting import PALETTE

COLOURS: Final = {
    "ape": PALETTE["blue"],
    "nope": PALETTE["vermillion"],
    "rope": PALETTE["bluish_green"],
    "min degree": PALETTE["black"],
}
MARKERS: Final = {"ape": "o", "nope": "s", "rope": "^", "min degree": "D"}
NAMES: Final = {
    "ape": "learned positions (APE)",
    "nope": "no positions (NoPE)",
    "rope": "rotary positions (RoPE)",
    "min degree": "min-degree interpolator",
}
BIN_NAMES: Final = {
    "in_distribution": "[1, L]",
    "half_longer": "(L, 1.5L]",
    "twice_as_long": "(1.5L, 2L]",
    "three_times_as_long": "(2L, 3L]",
}


def look(model: str) -> dict[str, Any]:
    """Colour and marker of a model."""
    return {"color": COLOURS[model], "marker": MARKERS[model]}
