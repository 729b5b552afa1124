"""Shares, intervals, suppression, aggregates, gaps: against closed forms and other libraries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest

from lemmata.errors import LemmataError
from lemmata.survey.aggregates import read_aggregates
from lemmata.survey.gap import gap, is_false_belief
from lemmata.survey.ingest import ingest
from lemmata.survey.instrument import asked_by, load_survey
from lemmata.survey.shares import Precision, answered, published, weighted_shares, wilson
from tests.unit.survey.builders import built, named, response
from tests.unit.survey.test_instrument import REAL

PRECISION = Precision(level=0.95, resamples=2000, k=5, seed=0)
# The sheet of the NLP metasurvey, typed a second time, in its order.
METASURVEY = {
    "1": [77, 86, 30, 62, 67, 63], "2": [17, 50, 51, 61], "3": [58, 57, 73, 36], "4": [51, 67, 36],
    "6": [89, 87, 59, 74, 25, 48, 60, 41],
}  # fmt: skip
FIFTH = {"nlp_5_1": 72, "nlp_5_2": 88, "nlp_5_7": 82}


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [
        (0.17, 327, 0.134, 0.216),
        (0.51, 327, 0.457, 0.564),
        (1.0, 6, 0.61, 1.0),
        (0.5, 6, 0.19, 0.81),
    ],
)
def test_wilson_as_the_sheet_has_it(share: float, n: int, low: float, high: float) -> None:
    # A printed percentage is that of whole people, up to rounding.
    found = [float(x) for x in wilson(round(share * n) / n, n, 0.95)]
    assert found == pytest.approx([low, high], abs=5.1e-3 if n == 6 else 6e-4)


@pytest.mark.parametrize("n", [6, 100, 327])
def test_wilson_against_scipy_and_its_exact_coverage(n: int) -> None:
    counts = np.arange(n + 1)
    low, high = wilson(counts / n, n, 0.95)
    other = [binomtest(int(k), n).proportion_ci(0.95, method="wilson") for k in counts]
    assert low == pytest.approx([i.low for i in other], abs=1e-12)
    assert high == pytest.approx([i.high for i in other], abs=1e-12)
    if n >= 100:
        p = np.linspace(0.1, 0.9, 9)[:, None]
        covered = (binom.pmf(counts, n, p) * ((low <= p) & (p <= high))).sum(axis=1)
        assert covered.min() > 0.93
        assert covered.max() < 0.965


def frame_of(
    stances: list[int | None], weights: list[float] | None = None
) -> tuple[pd.DataFrame, object]:
    _, edition, asked = built()
    items = [response(i, s) for i, s in enumerate(stances)]
    for item, weight in zip(items, weights or [1.0] * len(items), strict=True):
        item["weight"] = weight
    return ingest(named(*items), edition, asked), (edition, asked)


def test_shares_leave_out_and_tell_apart_who_takes_no_stance() -> None:
    frame, (edition, asked) = frame_of([5] * 6 + [4] * 2 + [1] * 2 + [None] * 10)
    shares, measures = answered(frame, edition, asked, PRECISION)
    own = shares[shares["group"] == ""].set_index("position")
    assert own.loc[[1, 4, 5], "share"].tolist() == pytest.approx([0.2, 0.2, 0.6])
    assert own.loc[-1, "share"] == pytest.approx(0.8)
    assert own.loc[5, "n"] == 10
    assert own.loc[0, "share"] == pytest.approx(0.5)
    assert own.loc[0, "n"] == 20
    row = measures.iloc[0]
    assert (row["mean"], row["net"], row["n"]) == pytest.approx((4.0, 0.6, 10))
    # The bootstrap's interval of a mean is Student's, nearly.
    values = np.repeat([5, 4, 1], [6, 2, 2])
    half = 1.96 * values.std() / np.sqrt(10)
    assert [row["mean_lower"], row["mean_upper"]] == pytest.approx([4 - half, 4 + half], abs=0.15)


def test_weighted_shares_by_hand_and_their_interval() -> None:
    frame, (edition, asked) = frame_of([5] * 40 + [1] * 60, [3.0] * 40 + [1.0] * 60)
    shares, _ = answered(frame, edition, asked, PRECISION)
    own = shares[shares["group"] == ""].set_index("position")
    p = 120 / 180
    assert own.loc[5, "share"] == pytest.approx(p)
    assert own.loc[5, "method"] == "weighted, bootstrap"
    # Linearisation: the variance of a ratio of weighted sums.
    w, y = np.repeat([3.0, 1.0], [40, 60]), np.repeat([1.0, 0.0], [40, 60])
    half = 1.96 * np.sqrt((w**2 * (y - p) ** 2).sum()) / w.sum()
    assert own.loc[5, "upper"] - own.loc[5, "lower"] == pytest.approx(2 * half, rel=0.1)
    assert weighted_shares([[1, 1], [2, 0]], [1.0, 2.0]) == pytest.approx([5 / 6, 1 / 6])


def test_small_strata_are_suppressed_and_so_is_what_would_give_them_away() -> None:
    _, edition, asked = built(strata={"career": ["early", "senior", "late"]})
    sizes = {"early": 20, "senior": 6, "late": 7}
    items = [
        response(1000 * i + j, None if career == "senior" and j > 2 else 4)
        | {"strata": {"career": career}}
        for i, (career, size) in enumerate(sizes.items())
        for j in range(size)
    ]
    frame = ingest(named(*items), edition, asked)
    shares, _ = answered(frame, edition, asked, PRECISION)
    groups = shares[shares["group"] != ""].set_index("group")
    # Three seniors take a stance; the late ones, next in size, hide them from subtraction.
    assert groups["suppressed"].to_dict() == {
        "career: early": False, "career: late": True, "career: senior": True,
    }  # fmt: skip
    hidden = groups[groups["suppressed"]]
    assert hidden[["share", "lower", "upper", "n"]].isna().all().all()


def real(edition: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    survey = load_survey(REAL)
    own = survey.editions[edition]
    asked = asked_by(own, survey.bank)
    frame = read_aggregates(REAL / edition / "aggregates.csv", asked)
    return published(frame, own, asked, PRECISION)


def test_every_share_of_the_metasurvey_is_the_printed_one() -> None:
    shares, measures = real("nlp_metasurvey_2022")
    own = shares[shares["group"] == ""].set_index("question")
    expected = {
        f"nlp_{t}_{i + 1}": v for t, row in METASURVEY.items() for i, v in enumerate(row)
    } | FIFTH
    assert len(own) == len(expected) == 28
    assert {q: round(100 * s, 9) for q, s in own["share"].items()} == expected
    assert (own["n"] == 327).all()
    assert (own["n_basis"] == "upper bound").all()
    predicted = measures.dropna(subset="predicted").set_index("question")["predicted"]
    assert predicted.to_dict() == {"nlp_2_1": 0.47}


def test_what_has_no_n_has_no_interval() -> None:
    shares, _ = real("stack_overflow_2025")
    assert shares[["n", "lower", "upper"]].isna().all().all()
    assert shares["method"].unique().tolist() == ["none: n not stated"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("uses_ai,", "use_ai,", r"line 7: question 'use_ai': not asked; allowed: trust_ai_output"),
        (
            "highly trust,3.1",
            "highest trust,3.1",
            r"line 6: category 'highest trust': allowed: highly",
        ),
        ("highly trust,3.1", "highly trust,8.1", r"trust_ai_output : shares sum to 105, not 100"),
        ("not stated", "guessed", r"line 2: n_basis 'guessed': allowed: reported, upper bound"),
        ("84,,", "84,12,", r"line 7: n_basis 'not stated': allowed: .* and n with it"),
        (",84,", ",184,", r"line 7: value 184.0: must be a percentage"),
        (
            "uses_ai,,share,upper end",
            "uses_ai,,mode,upper end",
            r"line 7: statistic 'mode': allowed: share",
        ),
    ],
)
def test_mistakes_in_aggregates_are_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    survey = load_survey(REAL)
    asked = asked_by(survey.editions["stack_overflow_2025"], survey.bank)
    text = (REAL / "stack_overflow_2025" / "aggregates.csv").read_text()
    assert old in text
    path = tmp_path / "aggregates.csv"
    path.write_text(text.replace(old, new))
    with pytest.raises(LemmataError, match=message):
        read_aggregates(path, asked)


def test_gap_by_hand_and_against_resampled_respondents() -> None:
    stances = [5, 4, 4, 2, 1, 1, 3, 2, None, 5] * 8
    _, edition, asked = built()
    items = [response(i, s) for i, s in enumerate(stances)]
    guesses = np.random.default_rng(0).choice([0.3, 0.6, 0.75, 0.9], len(items))
    for item, guess in zip(items, guesses, strict=True):
        item["answers"][0]["predicted_share"] = float(guess)
    found = gap(ingest(named(*items), edition, asked), asked["scale"], PRECISION)
    assert found is not None
    x = np.array([0 if s is None else s for s in stances])
    assert found.value == pytest.approx(guesses.mean() - (x > 3).sum() / (x > 0).sum())
    rows = np.random.default_rng(1).integers(0, x.size, (4000, x.size))
    again = guesses[rows].mean(axis=1) - (x[rows] > 3).sum(axis=1) / (x[rows] > 0).sum(axis=1)
    assert [found.lower, found.upper] == pytest.approx(
        np.quantile(again, [0.025, 0.975]), abs=0.012
    )
    assert is_false_belief(found) == (found.lower > 0 and found.value >= 0.1)


def test_no_prediction_no_gap() -> None:
    frame, (_, asked) = frame_of([1, 2, 3])
    assert gap(frame, asked["scale"], PRECISION) is None
