"""Claims as data: what a paper says, the statistic that speaks to it, and the verdict.

A claim has parts; each part names a statistic of an evidence table and a criterion. The analysis
writes the statistic with an interval; `judge` compares the whole interval with the criterion:

    interval wholly on the right side       supported
    interval wholly on the wrong side       refuted
    interval across the threshold           inconclusive
    scale too small, evidence not made      not tested

No verdict is typed by hand and no threshold stands in code: both follow from config/claims.yaml and
the evidence. This module is loaded while the DAG is built, so it imports no numerics.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lemmata.config import build, check, read_yaml
from lemmata.errors import LemmataError

Verdict = Literal["supported", "refuted", "inconclusive", "not tested"]
Comparison = Literal["<=", "<", ">=", ">", "between"]
Threshold = float | tuple[float, float]
VERDICTS: tuple[Verdict, ...] = ("supported", "refuted", "inconclusive", "not tested")
EVIDENCE_COLUMNS = ("statistic", "value", "lower", "upper", "n")


@dataclass(frozen=True)
class Paper:
    """The paper that a claim is about. arxiv: identifier such as 2309.12236."""

    title: str
    arxiv: str


@dataclass(frozen=True)
class Part:
    """One criterion: a statistic of a table (path below results/<scale>/) against a threshold."""

    statistic: str
    table: str
    comparison: Comparison
    threshold: Threshold
    why: str

    @property
    def criterion(self) -> str:
        """The comparison and threshold in words, such as ``<= 0.05``."""
        if isinstance(self.threshold, tuple):
            low, high = self.threshold
            return f"between {low:.6g} and {high:.6g}"
        return f"{self.comparison} {self.threshold:.6g}"


@dataclass(frozen=True)
class Claim:
    """A claim of a paper with its criteria.

    basis: the criterion is the paper's own, derived from it, or ours; source: where the criterion
    comes from; figure: path below results/<scale>/; asked_at: the scales large enough to ask;
    requires: an optional experiment without which the claim is not tested.
    """

    id: str
    paper: Paper
    basis: Literal["paper", "derived", "ours"]
    source: str
    statement: str
    figure: str
    asked_at: tuple[str, ...]
    parts: tuple[Part, ...]
    requires: str | None = None

    @property
    def tables(self) -> list[str]:
        """The evidence tables of the claim, each once, in the order of its parts."""
        return list(dict.fromkeys(part.table for part in self.parts))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, lists instead of tuples: what a job's cfg holds and `claim_from` takes."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain


def load_claims(path: Path, schema: Path | None = None) -> list[Claim]:
    """Read and check a file of claims; schema: by default schema/claims.schema.yaml beside it.

    Raises LemmataError, one line naming file, claim and key, for anything that is not allowed.
    """
    rules = read_yaml(schema or path.parent / "schema" / "claims.schema.yaml")
    content = read_yaml(path)
    if not isinstance(content, list) or not content:
        raise LemmataError(f"{path}: must be a list of one or more claims")
    claims: list[Claim] = []
    for number, item in enumerate(content, start=1):
        named = item.get("id") if isinstance(item, Mapping) else None
        name = f"{path}: claim {named if isinstance(named, str) else f'number {number}'}"
        check(item, rules["items"], name)
        claims.append(claim_from(item, name))
    ids = [claim.id for claim in claims]
    for claim_id in ids:
        if ids.count(claim_id) > 1:
            raise LemmataError(f"{path}: claim {claim_id}: id occurs {ids.count(claim_id)} times")
    return claims


def claim_from(values: Mapping[str, Any], name: str | None = None) -> Claim:
    """A claim from plain values (see `Claim.to_dict`); `name` opens an error's message."""
    name = name or f"claim {values.get('id')}"
    claim = build(Claim, values, name)
    for number, part in enumerate(claim.parts):
        at = f"{name}.parts[{number}].threshold = {part.threshold!r}"
        bounds = part.threshold if isinstance(part.threshold, tuple) else (part.threshold,)
        if (part.comparison == "between") != (len(bounds) == 2):
            raise LemmataError(f"{at}: between takes [low, high], the others one number")
        if not all(map(math.isfinite, bounds)) or list(bounds) != sorted(bounds):
            raise LemmataError(f"{at}: must be finite, and low at most high")
    return claim


def verdict(lower: float, upper: float, comparison: Comparison, threshold: Threshold) -> Verdict:
    """Compare the interval [lower, upper], lower <= upper, with a criterion. All bounds closed.

    supported when every point of the interval meets the criterion, refuted when none does.
    """
    limit = threshold if isinstance(threshold, tuple) else float(threshold)
    match comparison, limit:
        case "between", (low, high):
            return _decide(low <= lower and upper <= high, upper < low or high < lower)
        case "<=", float(bound):
            return _decide(upper <= bound, lower > bound)
        case "<", float(bound):
            return _decide(upper < bound, lower >= bound)
        case ">=", float(bound):
            return _decide(lower >= bound, upper < bound)
        case ">", float(bound):
            return _decide(lower > bound, upper <= bound)
        case _:
            raise LemmataError(f"comparison {comparison!r} does not go with {threshold!r}")


def _decide(all_meet: bool, none_meets: bool) -> Verdict:
    return "supported" if all_meet else "refuted" if none_meets else "inconclusive"


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Verdict of a claim from those of its parts: one refuted refutes, all supported support."""
    found = set(verdicts)
    if "refuted" in found:
        return "refuted"
    return "supported" if found == {"supported"} else "inconclusive"


def judge(
    claim: Claim, evidence: Mapping[str, Sequence[Mapping[str, Any]]], scale: str
) -> dict[str, Any]:
    """The claim with its measured values and verdict, as plain values.

    evidence: rows (statistic, value, lower, upper, n) by the table's path below results/<scale>/.
    Raises LemmataError naming claim, table and statistic for evidence that is missing (unless the
    claim requires an optional experiment), double, not finite, or with lower > upper.
    """
    absent = [table for table in claim.tables if table not in evidence]
    reason = _why_not(claim, absent, scale)
    if reason is None:
        parts = [_judge_part(claim, part, evidence[part.table]) for part in claim.parts]
        result = combine(part["verdict"] for part in parts)
        reason = _why(parts, result)
    else:
        result = "not tested"
        parts = [_row(part, None, result) for part in claim.parts]
    return {
        **{key: value for key, value in claim.to_dict().items() if key in _COPIED},
        "scale": scale,
        "parts": parts,
        "verdict": result,
        "reason": reason,
        "figure": None if absent else claim.figure,
        "evidence": [table for table in claim.tables if table in evidence],
    }


_COPIED = ("id", "paper", "basis", "source", "statement")


def _why_not(claim: Claim, absent: Sequence[str], scale: str) -> str | None:
    """The reason why a claim is not tested; None when it is."""
    if scale not in claim.asked_at:
        return f"not asked at scale {scale}, only at {', '.join(claim.asked_at)}"
    if absent and claim.requires is None:
        raise LemmataError(f"claim {claim.id}: table {absent[0]}: evidence is missing")
    return f"needs {claim.requires}, which is not configured" if absent else None


def _why(parts: Sequence[Mapping[str, Any]], result: Verdict) -> str:
    """Which parts decided: those with the claim's own verdict."""
    named = [
        "{statistic} in [{lower:.4g}, {upper:.4g}], asked {criterion}".format(**part)
        for part in parts
        if part["verdict"] == result
    ]
    return f"{len(named)} of {len(parts)} {result}: {'; '.join(named)}"


def _judge_part(claim: Claim, part: Part, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    where = f"claim {claim.id}: table {part.table}: statistic {part.statistic}"
    missing = sorted(set(EVIDENCE_COLUMNS) - set(rows[0])) if rows else []
    if missing:
        raise LemmataError(f"{where}: the table lacks the column(s) {', '.join(missing)}")
    found = [row for row in rows if row["statistic"] == part.statistic]
    if len(found) != 1:
        there = ", ".join(sorted({str(row["statistic"]) for row in rows})) or "nothing"
        raise LemmataError(
            f"{where}: found {len(found)} times, must be once; the table has {there}"
        )
    row = found[0]
    value, lower, upper, n = (float(row[key]) for key in EVIDENCE_COLUMNS[1:])
    if not all(map(math.isfinite, (value, lower, upper, n))):
        raise LemmataError(f"{where}: {value} [{lower}, {upper}], n {n} is not finite")
    if lower > upper:
        raise LemmataError(f"{where}: lower {lower} is above upper {upper}")
    measured = {"value": value, "lower": lower, "upper": upper, "n": int(n)}
    return _row(part, measured, verdict(lower, upper, part.comparison, part.threshold))


def _row(part: Part, measured: Mapping[str, Any] | None, result: Verdict) -> dict[str, Any]:
    nothing = dict.fromkeys(("value", "lower", "upper", "n"))
    return {
        "statistic": part.statistic,
        "table": part.table,
        "criterion": part.criterion,
        "why": part.why,
        **(measured or nothing),
        "verdict": result,
    }


def to_json(judged: Mapping[str, Any]) -> str:
    """Canonical text of a judged claim: sorted keys, two spaces, a closing newline."""
    return json.dumps(judged, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
