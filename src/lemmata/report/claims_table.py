"""The table of judged claims, as rows (CSV) and as a page (HTML).

A judged claim is what `lemmata.claims.judge` returns. Links of the page are relative to
results/<scale>/report/; where it is shown from elsewhere, the paths stand beside them as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import pandas as pd

from lemmata.report.template import CLAIMS_TABLE
from lemmata.report.words import SIGNS, Judged, summary, value_text

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


def claims_table_html(
    judged: Sequence[Judged], scale: str, records: Mapping[str, str] | None = None
) -> str:
    """A self-contained page: no script, style sheet or picture from elsewhere.

    records: the record of each file that the page links to, both below results/<scale>/.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.from_string(CLAIMS_TABLE).render(
        claims=judged,
        scale=scale,
        summary=summary(judged),
        signs=SIGNS,
        value=value_text,
        links=_links,
        records=records or {},
    )


def _links(claim: Judged) -> list[tuple[str, str]]:
    """What each claim leads to: name and path below results/<scale>/."""
    figure = [] if claim["figure"] is None else [("figure", claim["figure"])]
    evidence = [("evidence", path) for path in claim["evidence"]]
    return [*figure, *evidence, ("verdict", verdict_path(claim["id"]))]


def verdict_path(claim: str) -> str:
    """The file with a claim's verdict, below results/<scale>/."""
    return f"claims/{claim}.json"
