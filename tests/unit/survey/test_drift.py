"""Drift: oracle by enumeration, nulls, planted changes, composition, published summaries."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportions_ztest

from lemmata.config import build
from lemmata.errors import LemmataError
from lemmata.survey.drift import adjusted, drift, least_n, permutation_p, welch_p
from lemmata.survey.indices import mean_stance, movement
from lemmata.survey.ingest import ingest
from lemmata.survey.instrument import asked_by
from lemmata.survey.simulate import (
    EFFECTS,
    simulated_responses,
    true_shares,
)
from lemmata.survey.simulated import Design, drifting, edition_id, question_id, simulated_survey
from lemmata.survey.weighting import effective_n, post_stratified
from tests.unit.survey.builders import built, named, response

DESIGN = build(
    Design,
    {
        "editions": 2, "respondents": 150, "questions": 12, "anchors": 4, "drifts": 3, "drift": 1.0,
        "shown": 12, "no_stance": 0.15, "panel": 0.25, "seed": 0,
    },
)  # fmt: skip


def test_permutation_p_against_every_relabelling() -> None:
    stances = np.array([1, 2, 2, 3, 5, 4, 5, 5, 3, 4])
    size = 5

    def statistics(chosen: tuple[int, ...]) -> tuple[float, float]:
        p = np.bincount(stances[list(chosen)] - 1, minlength=5) / size
        rest = [i for i in range(10) if i not in chosen]
        q = np.bincount(stances[rest] - 1, minlength=5) / size
        return abs(float(mean_stance(q - p))), float(movement(p, q))

    observed = statistics((0, 1, 2, 3, 4))
    every = np.array([statistics(chosen) for chosen in combinations(range(10), size)])
    exact = (every >= np.array(observed) - 1e-12).mean(axis=0)
    first, second = (np.bincount(part, minlength=6)[None] for part in (stances[:5], stances[5:]))
    found = permutation_p(first, second, 20_000, np.random.default_rng(0))
    assert [found["p_mean"], found["p_moved"]] == pytest.approx(exact, abs=0.015)


def simulated() -> tuple[tuple[pd.DataFrame, pd.DataFrame], tuple[dict, dict]]:  # type: ignore[type-arg]
    survey = simulated_survey(DESIGN)
    frames, asked = [], []
    for number in range(2):
        own = survey.editions[edition_id(number)]
        asked.append(asked_by(own, survey.bank))
        items = [("simulated", r) for r in simulated_responses(DESIGN, number)]
        frames.append(ingest(items, own, asked[-1]))
    return (frames[0], frames[1]), (asked[0], asked[1])


def test_planted_drifts_are_found_and_no_others() -> None:
    frames, asked = simulated()
    found = drift(frames, asked, 999, 0.95, 0)
    moved = set(found.loc[found["drifted"], "question"])
    assert moved == {question_id(q) for q in drifting(DESIGN)}
    assert (found["mean"][found["drifted"]] > 0.3).all()
    assert set(found["panel_n"]) <= set(range(1, round(0.25 * 150) + 1))
    planted = found[found["question"] == question_id(0)].iloc[0]
    assert planted["panel_p"] < 0.05
    assert planted["panel_mean"] > 0


def test_a_question_s_test_is_its_own() -> None:
    """Which questions are beside it changes no p, only its adjustment."""
    frames, asked = simulated()
    fewer = tuple({question_id(3): a[question_id(3)]} for a in asked)
    alone = drift(frames, fewer, 199, 0.95, 0).iloc[0]
    beside = drift(frames, asked, 199, 0.95, 0).set_index("question").loc[question_id(3)]
    assert alone["p_moved"] == beside["p_moved"]
    assert alone["p_holm"] <= beside["p_holm"]


def test_a_change_of_composition_alone_vanishes_when_post_stratified() -> None:
    """Early say 5, senior say 1, in both editions; the second has more seniors."""
    _, edition, asked = built()

    def people(early: int, senior: int) -> pd.DataFrame:
        items = [response(2 * i, 5) for i in range(early)]
        items += [response(2 * i + 1, 1) for i in range(senior)]
        return ingest(named(*items), edition, asked)

    row = drift((people(30, 10), people(10, 30)), (asked, asked), 199, 0.95, 0).iloc[0]
    assert row["mean"] == pytest.approx(-2.0)
    assert row["mean_post_stratified"] == pytest.approx(0.0)
    assert row["p_moved"] == 1.0  # within strata nothing moved


def test_adjusted_p_by_hand() -> None:
    rows = pd.DataFrame({"p_moved": [0.01, 0.04, 0.03, 0.5]})
    found = adjusted(rows, 0.95)
    assert found["p_holm"].tolist() == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert found["p_fdr"].tolist() == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert found["drifted"].tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        ((15.7, 22.1, 149), (16.2, 23.0, 1321), 0.79),
        ((20.5, 26.2, 162), (19.4, 26.0, 661), 0.63),
    ],
)
def test_welch_of_the_expert_survey(
    first: tuple[float, float, int], second: tuple[float, float, int], p: float
) -> None:
    assert welch_p(first, second) == pytest.approx(p, abs=0.006)


def test_least_n_is_where_a_z_test_begins_to_reject() -> None:
    def p(n: int) -> float:
        return float(proportions_ztest(np.array([0.49 * n, 0.70 * 1329]), np.array([n, 1329]))[1])

    n = least_n(0.49, 0.70, 1329)
    assert p(n) < 0.05 < p(n - 1)
    with pytest.raises(LemmataError, match="at no n"):
        least_n(0.5, 0.5, 10)


def test_post_stratified_and_effective_n_by_hand() -> None:
    counts = [[8, 2], [1, 3], [0, 0]]
    assert post_stratified(counts, [0.5, 0.5, 0.0]) == pytest.approx([0.525, 0.475])
    assert post_stratified(counts, [1, 1, 2]) == pytest.approx(
        [0.525, 0.475]
    )  # nobody in the third
    with pytest.raises(LemmataError, match="no stratum of the target"):
        post_stratified(counts, [0, 0, 1])
    assert effective_n([1, 1, 1, 1]) == pytest.approx(4)
    assert effective_n([3, 1]) == pytest.approx(16 / 10)


def test_the_simulator_s_shares_are_those_of_its_answers() -> None:
    from lemmata.survey.simulate import stances

    rng = np.random.default_rng(0)
    n = 200_000
    answers = stances(
        np.array([0.3]), rng.standard_normal(n), rng.integers(0, EFFECTS.size, n), rng
    )
    found = np.bincount(answers[:, 0], minlength=6)[1:] / n
    assert found == pytest.approx(true_shares(0.3), abs=0.004)
