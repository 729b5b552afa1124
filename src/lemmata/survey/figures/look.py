"""What the figures share: colours of a scale, names of editions, the mark of synthetic data."""

from __future__ import annotations

import textwrap
from typing import Any, Final

import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from lemmata.plotting import PALETTE, readable

SYNTHETIC: Final = "SYNTHETIC"
LOW, MIDDLE, HIGH = PALETTE["vermillion"], "#DDDDDD", PALETTE["blue"]
SCALE = LinearSegmentedColormap.from_list("scale", [LOW, "#F2B48C", MIDDLE, "#8CBFE0", HIGH])


def mark(fig: Figure, *, synthetic: bool) -> None:
    """Say across a figure of simulated answers that it is one, whatever is cut out of it."""
    if not synthetic:
        return
    title = f"{SYNTHETIC}: simulated answers, nobody's opinions"
    narrow = fig.get_figwidth() < 5.0
    fig.suptitle(title.replace(": ", ":\n") if narrow else title, color=LOW, fontweight="bold")
    fig.text(
        0.5, 0.5, SYNTHETIC, rotation=20, fontsize=30 if narrow else 50, color="0.4",
        alpha=0.16, ha="center", va="center", zorder=10,
    )  # fmt: skip


def is_synthetic(editions: list[str]) -> bool:
    """Whether any edition of a figure was simulated."""
    return any(name.startswith("synthetic") for name in editions)


def wrapped(text: str, width: int = 34, lines: int = 2) -> str:
    """A question's text in a few short lines."""
    return "\n".join(textwrap.wrap(text, width, max_lines=lines, placeholder=" ..."))


def count(n: Any) -> str:
    """n for people."""
    return "n not stated" if pd.isna(n) else f"n = {int(n):,}"


def edition_name(edition: str) -> str:
    """An edition's id for people."""
    return readable(edition)
