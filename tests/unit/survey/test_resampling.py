"""Drawing counts is resampling respondents: against enumeration, and against resampled rows."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import chisquare, multinomial

from lemmata.survey.resampling import (
    bootstrap_counts,
    p_value,
    permuted_counts,
    sign_flip_p,
    swapped_counts,
)

DRAWS = 20_000


def test_permuted_counts_have_the_law_of_permuted_respondents() -> None:
    """All 252 ways to call 5 of 10 respondents the first edition, counted one by one."""
    answers = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])  # 0: no answer, as permuted as the others
    expected: dict[tuple[int, ...], int] = {}
    for chosen in combinations(range(10), 5):
        key = tuple(np.bincount(answers[list(chosen)], minlength=3).tolist())
        expected[key] = expected.get(key, 0) + 1
    first, second = np.array([[2, 3, 0]]), np.array([[1, 1, 3]])
    a, b = permuted_counts(first, second, DRAWS, np.random.default_rng(0))
    assert (a + b == first + second).all()
    found = {key: int((a[:, 0] == key).all(axis=1).sum()) for key in expected}
    assert sum(found.values()) == DRAWS
    wanted = np.array(list(expected.values())) / 252 * DRAWS
    assert chisquare(list(found.values()), wanted).pvalue > 0.001


def test_labels_are_permuted_within_strata() -> None:
    first, second = np.array([[0, 3, 1], [1, 0, 6]]), np.array([[2, 2, 2], [0, 5, 0]])
    a, b = permuted_counts(first, second, 100, np.random.default_rng(0))
    assert (a.sum(axis=2) == first.sum(axis=1)).all()
    assert (b.sum(axis=2) == second.sum(axis=1)).all()


def test_bootstrap_counts_have_the_law_of_redrawn_respondents() -> None:
    counts = np.array([[2, 1, 1]])
    drawn = bootstrap_counts(counts, DRAWS, np.random.default_rng(0))[:, 0]
    keys = [k for k in product(range(5), repeat=3) if sum(k) == 4]
    wanted = np.array([multinomial.pmf(k, 4, [0.5, 0.25, 0.25]) for k in keys]) * DRAWS
    found = [int((drawn == k).all(axis=1).sum()) for k in keys]
    assert chisquare(found, wanted).pvalue > 0.001
    # And of rows drawn with replacement, one by one.
    rows = np.random.default_rng(1).choice([0, 0, 1, 2], size=(DRAWS, 4))
    counted = np.stack([(rows == i).sum(axis=1) for i in range(3)], axis=1)
    again = [int((counted == k).all(axis=1).sum()) for k in keys]
    assert chisquare(again, wanted).pvalue > 0.001


def test_each_stratum_keeps_its_size_and_an_empty_one_stays_empty() -> None:
    drawn = bootstrap_counts([[3, 4], [0, 0], [5, 0]], 50, np.random.default_rng(0))
    assert (drawn.sum(axis=2) == [7, 0, 5]).all()
    assert (drawn[:, 2] == [5, 0]).all()


@pytest.mark.parametrize("changes", [[2, 1, -1, 1, 0, 3, 1], [1, 1, 1, 1], [4, -4, 1, 0]])
def test_sign_flips_against_all_of_them(changes: list[int]) -> None:
    signs = np.array(list(product([-1, 1], repeat=len(changes))))
    exact = np.mean(np.abs(signs @ changes) >= abs(sum(changes)))
    found = sign_flip_p(changes, DRAWS, np.random.default_rng(0))
    assert found == pytest.approx(exact, abs=0.015)


def test_p_counts_ties_and_the_observed_one() -> None:
    assert p_value(1.0, [0.0, 1.0, 1.0 - 1e-15, 2.0]) == pytest.approx(4 / 5)
    assert p_value(3.0, [0.0, 1.0, 2.0]) == pytest.approx(1 / 4)


def test_answers_of_a_panel_change_places() -> None:
    """All 16 ways to turn four pairs, counted one by one."""
    pairs = [(0, 1), (0, 1), (1, 2), (2, 2)]
    matrix = np.zeros((3, 3), dtype=int)
    for i, j in pairs:
        matrix[i, j] += 1
    expected: dict[tuple[int, ...], int] = {}
    for turned in product([0, 1], repeat=4):
        first = [pair[t] for pair, t in zip(pairs, turned, strict=True)]
        key = tuple(np.bincount(first, minlength=3).tolist())
        expected[key] = expected.get(key, 0) + 1
    a, b = swapped_counts(matrix, DRAWS, np.random.default_rng(0))
    assert (a + b == matrix.sum(axis=0) + matrix.sum(axis=1)).all()
    found = [int((a == key).all(axis=1).sum()) for key in expected]
    assert sum(found) == DRAWS
    assert chisquare(found, np.array(list(expected.values())) / 16 * DRAWS).pvalue > 0.001
