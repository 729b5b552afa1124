"""A claim's verdict follows its evidence, and broken evidence is named."""

import json
import math

import pytest

from lemmata.claims import claim_from, judge, to_json
from lemmata.errors import LemmataError
from tests.unit.example_claim import CLAIMS, evidence, row, values


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "supported"),
        ({"slope": (-0.35, -0.45, -0.31)}, "inconclusive"),
        ({"slope": (-0.5, -0.55, -0.45)}, "refuted"),
        ({"slope": (-0.2, -0.25, -0.15)}, "refuted"),
        ({"worst": (2.0, 2.0, 2.0)}, "refuted"),
        ({"worst": (1.0, 0.5, 1.5)}, "inconclusive"),
        ({"slope": (-0.35, -0.45, -0.31), "worst": (2.0, 2.0, 2.0)}, "refuted"),
    ],
)
def test_flipping_the_evidence_flips_the_verdict(changes, expected):
    assert judge(claim_from(values()), evidence(**changes), "laptop")["verdict"] == expected


def wrong_side(part):
    """A number that fails the part's criterion."""
    bound = part.threshold[1] if isinstance(part.threshold, tuple) else part.threshold
    step = 1.0 + abs(bound)
    return bound - step if part.comparison in (">=", ">") else bound + step


def right_side(part):
    if isinstance(part.threshold, tuple):
        return sum(part.threshold) / 2
    return part.threshold + (1.0 if part.comparison in (">=", ">") else -1.0)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_of_the_project_can_be_supported_refuted_and_left_open(claim):
    def judged(chosen, at):
        tables = {table: [] for table in claim.tables}
        for part in claim.parts:
            good, bad = right_side(part), wrong_side(part)
            ends = {"good": (good, good), "bad": (bad, bad), "across": sorted((good, bad))}
            lower, upper = ends[at if part is chosen else "good"]
            tables[part.table].append(row(part.statistic, lower, lower, upper))
        return judge(claim, tables, claim.asked_at[0])["verdict"]

    for part in claim.parts:
        assert judged(part, "good") == "supported"
        assert judged(part, "bad") == "refuted"
        assert judged(part, "across") == "inconclusive"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
@pytest.mark.parametrize("made", [True, False])
def test_smoke_reads_not_tested(claim, made):
    rows = {t: [row(p.statistic, wrong_side(p)) for p in claim.parts] for t in claim.tables}
    judged = judge(claim, rows if made else {}, "smoke")
    assert judged["verdict"] == "not tested"
    asked = ", ".join(claim.asked_at)
    assert judged["reason"] == f"not asked at scale smoke, only at {asked}"
    assert {part["verdict"] for part in judged["parts"]} == {"not tested"}
    assert {part["value"] for part in judged["parts"]} == {None}
    assert judged["figure"] == (claim.figure if made else None)


def test_a_judged_claim_tells_everything():
    judged = judge(claim_from(values()), evidence(worst=(2.0, 1.5, 2.5)), "laptop")
    assert judged["parts"][0] == {
        "statistic": "slope",
        "table": "family/study/evidence.parquet",
        "value": -0.35,
        "lower": -0.36,
        "upper": -0.34,
        "n": 20,
        "criterion": "between -0.4 and -0.3",
        "why": "because",
        "verdict": "supported",
    }
    assert judged["reason"] == "1 of 2 refuted: worst in [1.5, 2.5], asked <= 1"
    assert judged["evidence"] == ["family/study/evidence.parquet"]
    assert judged["figure"] == "family/study/figures/study.svg"
    assert judged["paper"] == {"title": "A Paper", "arxiv": "2309.12236"}
    assert (judged["basis"], judged["source"], judged["scale"]) == (
        "derived",
        "theorem 1",
        "laptop",
    )


def test_missing_evidence_of_an_optional_experiment_is_not_tested():
    judged = judge(claim_from(values(requires="downloads")), {}, "laptop")
    assert judged["verdict"] == "not tested"
    assert judged["reason"] == "needs downloads, which is not configured"
    assert (judged["figure"], judged["evidence"]) == (None, [])


def test_an_optional_experiment_that_was_made_is_judged():
    judged = judge(claim_from(values(requires="downloads")), evidence(), "laptop")
    assert judged["verdict"] == "supported"


BROKEN = {
    "missing table": ({}, "table family/study/evidence.parquet: evidence is missing"),
    "missing statistic": (
        [row("slope", -0.35)],
        "statistic worst: found 0 times, must be once; the table has slope",
    ),
    "empty table": ([], "statistic slope: found 0 times, must be once; the table has nothing"),
    "double statistic": (
        [row("slope", -0.35), row("slope", -0.35), row("worst", 0.5)],
        "statistic slope: found 2 times",
    ),
    "NaN value": ([row("slope", math.nan)], r"statistic slope: nan \[nan, nan\], n 20.0 is not"),
    "NaN bound": ([row("slope", -0.35, math.nan, -0.3)], "is not finite"),
    "infinite bound": ([row("slope", -0.35, -math.inf, -0.3)], "is not finite"),
    "NaN n": ([row("slope", -0.35, n=math.nan)], "n nan is not finite"),
    "reversed": ([row("slope", -0.35, -0.34, -0.36)], "lower -0.34 is above upper -0.36"),
    "column": ([{"statistic": "slope", "value": 1.0}], r"lacks the column\(s\) lower, n, upper"),
}


@pytest.mark.parametrize(("rows", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_evidence_is_named(rows, message):
    tables = rows if isinstance(rows, dict) else {"family/study/evidence.parquet": rows}
    with pytest.raises(LemmataError, match=message) as caught:
        judge(claim_from(values()), tables, "laptop")
    assert str(caught.value).startswith("claim family.example: table family/study/evidence.parquet")
    assert "\n" not in str(caught.value)


def test_json_is_canonical_and_refuses_nan():
    judged = judge(claim_from(values(statement="Größe ≤ 1")), evidence(), "laptop")
    text = to_json(judged)
    assert json.loads(text) == judged
    assert text.endswith("}\n")
    assert "Größe ≤ 1" in text
    assert to_json(dict(reversed(judged.items()))) == text
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"value": math.nan})
