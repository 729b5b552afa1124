"""Verdicts follow the evidence; the file of claims is checked in words that name the claim."""

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lemmata.claims import (
    VERDICTS,
    claim_from,
    combine,
    judge,
    load_claims,
    to_json,
    verdict,
)
from lemmata.config import canonical
from lemmata.errors import LemmataError

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = CONFIG / "schema" / "claims.schema.yaml"
CLAIMS = load_claims(CONFIG / "claims.yaml")
ONE_SIDED = ("<=", "<", ">=", ">")

finite = st.floats(-1e3, 1e3)
intervals = st.tuples(finite, finite).map(lambda pair: tuple(sorted(pair)))
criteria = st.one_of(
    st.tuples(st.sampled_from(ONE_SIDED), finite), st.tuples(st.just("between"), intervals)
)
MEETS = {
    "<=": lambda x, t: x <= t,
    "<": lambda x, t: x < t,
    ">=": lambda x, t: x >= t,
    ">": lambda x, t: x > t,
    "between": lambda x, t: t[0] <= x <= t[1],
}


def values(**changes):
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


def row(statistic, value, lower=None, upper=None, n=20):
    lower, upper = (value if bound is None else bound for bound in (lower, upper))
    return {"statistic": statistic, "value": value, "lower": lower, "upper": upper, "n": n}


def evidence(slope=(-0.35, -0.36, -0.34), worst=(0.5, 0.5, 0.5)):
    return {"family/study/evidence.parquet": [row("slope", *slope), row("worst", *worst)]}


def file_of(folder, content):
    path = folder / "claims.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


# --- the verdict ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lower", "upper", "comparison", "threshold", "expected"),
    [
        (0.0, 1.0, "<=", 1.0, "supported"),
        (0.0, 1.0, "<", 1.0, "inconclusive"),
        (1.0, 2.0, "<=", 1.0, "inconclusive"),
        (1.0, 2.0, "<", 1.0, "refuted"),
        (1.1, 2.0, "<=", 1, "refuted"),
        (1.0, 2.0, ">=", 1.0, "supported"),
        (1.0, 2.0, ">", 1.0, "inconclusive"),
        (0.0, 1.0, ">=", 1.0, "inconclusive"),
        (0.0, 1.0, ">", 1.0, "refuted"),
        (0.0, 0.9, ">=", 1.0, "refuted"),
        (1.0, 2.0, "between", (1.0, 2.0), "supported"),
        (0.9, 2.0, "between", (1.0, 2.0), "inconclusive"),
        (0.0, 3.0, "between", (1.0, 2.0), "inconclusive"),
        (0.0, 1.0, "between", (1.0, 2.0), "inconclusive"),
        (0.0, 0.9, "between", (1.0, 2.0), "refuted"),
        (2.1, 3.0, "between", (1.0, 2.0), "refuted"),
        (1.0, 1.0, "between", (1.0, 1.0), "supported"),
    ],
)
def test_verdict_by_hand(lower, upper, comparison, threshold, expected):
    assert verdict(lower, upper, comparison, threshold) == expected


@given(intervals, criteria, st.lists(st.floats(0.0, 1.0), max_size=5))
def test_verdict_says_what_the_points_of_the_interval_do(interval, criterion, inside):
    """Exactly one verdict, and no point of the interval contradicts it."""
    comparison, threshold = criterion
    lower, upper = interval
    found = verdict(lower, upper, comparison, threshold)
    points = [lower, upper, *(min(max(lower + u * (upper - lower), lower), upper) for u in inside)]
    meets = [MEETS[comparison](x, threshold) for x in points]
    assert found in ("supported", "refuted", "inconclusive")
    assert found != "supported" or all(meets)
    assert found != "refuted" or not any(meets)
    if comparison != "between":  # the end points decide a one-sided criterion
        assert (found == "inconclusive") == (meets[0] != meets[1])


@given(intervals, criteria, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_narrower_interval_never_changes_a_decided_verdict(interval, criterion, a, b):
    lower, upper = interval
    inner = sorted(min(max(lower + u * (upper - lower), lower), upper) for u in (a, b))
    wide, narrow = verdict(lower, upper, *criterion), verdict(*inner, *criterion)
    assert wide in ("inconclusive", narrow)


@given(intervals, st.sampled_from(ONE_SIDED), finite, finite)
def test_verdict_is_monotone_in_the_threshold(interval, comparison, first, second):
    """A weaker threshold never makes a verdict worse."""
    order = ["refuted", "inconclusive", "supported"]
    low, high = sorted((first, second))
    strict, weak = (low, high) if comparison in ("<=", "<") else (high, low)
    ranks = [order.index(verdict(*interval, comparison, t)) for t in (strict, weak)]
    assert ranks[0] <= ranks[1]


@given(intervals, finite)
def test_opposite_comparisons_give_opposite_verdicts(interval, threshold):
    opposite = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}
    for one, other in (("<=", ">"), ("<", ">=")):
        assert verdict(*interval, other, threshold) == opposite[verdict(*interval, one, threshold)]


@pytest.mark.parametrize(
    ("comparison", "threshold"), [("<=", (0.0, 1.0)), ("between", 1.0), ("=", 1)]
)
def test_verdict_refuses_a_comparison_that_does_not_fit(comparison, threshold):
    with pytest.raises(LemmataError, match="does not go with"):
        verdict(0.0, 1.0, comparison, threshold)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "refuted"], "refuted"),
        (["inconclusive", "refuted"], "refuted"),
        (["supported", "inconclusive"], "inconclusive"),
        (["supported", "not tested"], "inconclusive"),
    ],
)
def test_parts_combine(parts, expected):
    assert combine(parts) == combine(reversed(parts)) == expected


# --- judging -------------------------------------------------------------------------------------


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


# --- the file of claims --------------------------------------------------------------------------


def test_a_claim_survives_the_way_through_a_jobs_cfg():
    for claim in [*CLAIMS, claim_from(values())]:
        assert claim_from(canonical(claim.to_dict())) == claim


def test_a_claim_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CLAIMS[0].statement = "other"


def test_tables_are_listed_once():
    assert claim_from(values()).tables == ["family/study/evidence.parquet"]


def test_the_projects_claims_rest_on_distinct_statistics_and_name_their_paper():
    # Two papers may ask the same statistic: each has its own threshold for it.
    keys = [(c.paper.arxiv, part.table, part.statistic) for c in CLAIMS for part in c.parts]
    assert len(set(keys)) == len(keys)
    papers = {"2309.12236", "2406.06487", "2310.16028", "2410.02140", "2408.09000", "2406.08929"}
    papers |= {"2407.03475", "2312.04000"}
    assert {claim.paper.arxiv for claim in CLAIMS} == papers
    assert "smoke" not in {scale for claim in CLAIMS for scale in claim.asked_at}


def test_the_schema_names_its_dialect_and_has_no_place_for_a_typed_verdict():
    schema = yaml.safe_load(SCHEMA.read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    claim = schema["items"]["properties"]
    part = claim["parts"]["items"]["properties"]
    assert not {"value", "verdict", "lower", "upper"} & (set(claim) | set(part))


def part_with(**changes):
    return [{**values()["parts"][1], **changes}]


REFUSED = {
    "unknown key": (
        values(valeu=1),
        r"claim family\.example: valeu = 1: unknown key; allowed: .*basis",
    ),
    "typed value": (values(parts=part_with(value=0.1)), r"parts\[0\]\.value = 0.1: unknown key"),
    "missing key": ({k: v for k, v in values().items() if k != "basis"}, "basis: missing"),
    "basis": (
        values(basis="derivd"),
        r"basis = 'derivd': allowed: paper, derived, ours .*derived\?",
    ),
    "scale": (values(asked_at=["labtop"]), r"asked_at\[0\] = 'labtop': allowed: laptop, paper"),
    "smoke": (values(asked_at=["smoke"]), "allowed: laptop, paper"),
    "arxiv number": (
        values(paper={"title": "A", "arxiv": 2309.12236}),
        r"paper\.arxiv = 2309.12236: must be of type string",
    ),
    "comparison": (values(parts=part_with(comparison="=<")), r"comparison = '=<': allowed: <=, <,"),
    "text threshold": (
        values(parts=part_with(threshold="1e-5")),
        r"threshold = '1e-5': must be of type number \(write 1.0e-4, not 1e-4, in YAML\)",
    ),
    "pair for <=": (values(parts=part_with(threshold=[0, 1])), "must be of type number"),
    "number for between": (values(parts=part_with(comparison="between")), "of type array"),
    "reversed between": (
        values(parts=part_with(comparison="between", threshold=[2.0, 1.0])),
        r"parts\[0\]\.threshold = \(2.0, 1.0\): must be finite, and low at most high",
    ),
    "infinite": (values(parts=part_with(threshold=math.inf)), "must be finite"),
    "NaN": (values(parts=part_with(threshold=math.nan)), "must be finite"),
    "boolean": (values(parts=part_with(threshold=True)), "must be of type number"),
    "absolute path": (values(figure="/tmp/a.svg"), "figure = '/tmp/a.svg'"),  # noqa: S108
    "no parts": (values(parts=[]), "parts = .*at least 1"),
}


@pytest.mark.parametrize(("claim", "message"), REFUSED.values(), ids=REFUSED)
def test_a_bad_claim_is_refused_in_one_line(tmp_path, claim, message):
    path = file_of(tmp_path, [values(id="family.other"), claim])
    with pytest.raises(LemmataError, match=message) as caught:
        load_claims(path, SCHEMA)
    assert str(caught.value).startswith(f"{path}: claim family.example")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([values(), values()], "claim family.example: id occurs 2 times"),
        ({"claims": []}, "must be a list of one or more claims"),
        ([], "must be a list of one or more claims"),
        ([{"paper": 1}], "claim number 1"),
        (["text"], "claim number 1: 'text': must be of type object"),
        ("- id: [", "not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, content, message):
    with pytest.raises(LemmataError, match=message) as caught:
        load_claims(file_of(tmp_path, content), SCHEMA)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LemmataError, match=r"absent\.yaml: cannot be read"):
        load_claims(tmp_path / "absent.yaml", SCHEMA)


def test_the_schema_beside_the_file_is_the_default(tmp_path):
    path = file_of(tmp_path, [values()])
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "claims.schema.yaml").write_bytes(SCHEMA.read_bytes())
    assert load_claims(path) == [claim_from(values())]


def test_loading_claims_needs_no_numerics():
    heavy = ("numpy", "pandas", "scipy", "matplotlib", "torch", "pyarrow")
    code = f"import lemmata.claims, sys; assert not set({heavy!r}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_are_four_verdicts():
    assert VERDICTS == ("supported", "refuted", "inconclusive", "not tested")
