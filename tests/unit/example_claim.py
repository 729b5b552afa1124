"""The project's claims, and a claim of two parts with evidence for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lemmata.claims import load_claims

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = CONFIG / "schema" / "claims.schema.yaml"
CLAIMS = load_claims(CONFIG / "claims.yaml")

Row = dict[str, Any]
Interval = tuple[float, float, float]  # value, lower, upper


def values(**changes: Any) -> dict[str, Any]:
    """A claim as plain values: slope between -0.4 and -0.3, and worst <= 1."""
    table = "family/study/evidence.parquet"
    part = {"table": table, "why": "because"}
    return {
        "id": "family.example",
        "paper": {"title": "A Paper", "arxiv": "2309.12236"},
        "basis": "derived",
        "source": "theorem 1",
        "statement": "It falls.",
        "figure": "family/study/figures/study.svg",
        "asked_at": ["laptop", "paper"],
        "parts": [
            {"statistic": "slope", "comparison": "between", "threshold": [-0.4, -0.3], **part},
            {"statistic": "worst", "comparison": "<=", "threshold": 1.0, **part},
        ],
        **changes,
    }


def row(
    statistic: str,
    value: float,
    lower: float | None = None,
    upper: float | None = None,
    n: float = 20,
) -> Row:
    lower, upper = (value if bound is None else bound for bound in (lower, upper))
    return {"statistic": statistic, "value": value, "lower": lower, "upper": upper, "n": n}


def evidence(
    slope: Interval = (-0.35, -0.36, -0.34), worst: Interval = (0.5, 0.5, 0.5)
) -> dict[str, list[Row]]:
    return {"family/study/evidence.parquet": [row("slope", *slope), row("worst", *worst)]}
