"""How a judged claim is said in words, wherever it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lemmata.claims import VERDICTS

Judged = Mapping[str, Any]
SIGNS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "not tested": "–"}


def value_text(part: Mapping[str, Any]) -> str:
    """``value [lower, upper]``; the value alone where it has no spread."""
    if part["value"] is None:
        return "–"
    if part["lower"] == part["value"] == part["upper"]:
        return f"{part['value']:.4g}"
    return f"{part['value']:.4g} [{part['lower']:.4g}, {part['upper']:.4g}]"


def summary(judged: Sequence[Judged]) -> str:
    """How many claims have which verdict, in one line."""
    counts = Counter(claim["verdict"] for claim in judged)
    noun = "claim" if len(judged) == 1 else "claims"
    each = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
    return f"{len(judged)} {noun}: {each}."
