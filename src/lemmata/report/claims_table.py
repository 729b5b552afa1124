"""The table of judged claims, as rows (CSV) and as a page (HTML).

A judged claim is what `lemmata.claims.judge` returns. Links of the page are relative to
results/<scale>/report/; where it is shown from elsewhere, the paths stand beside them as text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import pandas as pd

from lemmata.claims import VERDICTS
from lemmata.report.template import CLAIMS_TABLE

Judged = Mapping[str, Any]
SIGNS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "not tested": "–"}
COLUMNS = {
    "claim": "str",
    "verdict": "str",
    "statistic": "str",
    "value": "float64",
    "lower": "float64",
    "upper": "float64",
    "n": "Int64",
    "criterion": "str",
    "part_verdict": "str",
    "statement": "str",
    "reason": "str",
    "basis": "str",
    "source": "str",
    "paper": "str",
    "arxiv": "str",
    "scale": "str",
    "figure": "str",
    "evidence": "str",
}


def claims_rows(judged: Sequence[Judged]) -> pd.DataFrame:
    """One row per claim and statistic, in the order given; paths are below results/<scale>/.

    ::

        claim                   verdict    statistic          value  lower  upper  n   criterion ...
        smooth_ece.fixed_point  supported  max_fixed_point_gap  4e-7   4e-7   4e-7  12  <= 1e-05
    """
    rows = [_cells(claim, part) for claim in judged for part in claim["parts"]]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _cells(claim: Judged, part: Mapping[str, Any]) -> dict[str, Any]:
    made = part["table"] in claim["evidence"]
    return {
        **{
            key: claim[key]
            for key in ("verdict", "statement", "reason", "basis", "source", "scale")
        },
        **{key: part[key] for key in ("statistic", "value", "lower", "upper", "n", "criterion")},
        "claim": claim["id"],
        "part_verdict": part["verdict"],
        "paper": claim["paper"]["title"],
        "arxiv": claim["paper"]["arxiv"],
        "figure": claim["figure"],
        "evidence": part["table"] if made else None,
    }


def summary(judged: Sequence[Judged]) -> str:
    """How many claims have which verdict, in one line."""
    counts = Counter(claim["verdict"] for claim in judged)
    noun = "claim" if len(judged) == 1 else "claims"
    each = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
    return f"{len(judged)} {noun}: {each}."


def claims_table_html(judged: Sequence[Judged], scale: str, commit: str | None = None) -> str:
    """A self-contained page: no script, style sheet or picture from elsewhere."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.from_string(CLAIMS_TABLE).render(
        claims=judged,
        scale=scale,
        commit=commit,
        summary=summary(judged),
        signs=SIGNS,
        value=_value,
        links=_links,
    )


def _value(part: Mapping[str, Any]) -> str:
    """``value [lower, upper]``; the value alone where it has no spread."""
    if part["value"] is None:
        return "–"
    if part["lower"] == part["value"] == part["upper"]:
        return f"{part['value']:.4g}"
    return f"{part['value']:.4g} [{part['lower']:.4g}, {part['upper']:.4g}]"


def _links(claim: Judged) -> list[tuple[str, str]]:
    figure = [] if claim["figure"] is None else [("figure", claim["figure"])]
    return figure + [("evidence", path) for path in claim["evidence"]]
