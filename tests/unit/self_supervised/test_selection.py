"""Rank correlations against scipy, intervals and p against exhaustive enumeration."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from lemmata.self_supervised.selection import (
    correlation_interval,
    difference_interval,
    kendall,
    permutation_p,
    recovered,
    size_of_spearman,
    spearman,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("ties", [False, True])
def test_correlations_against_scipy(ties: bool) -> None:
    for _ in range(20):
        x, y = RNG.normal(size=(2, 12))
        if ties:
            x, y = np.round(x), np.round(y)
        assert float(spearman(x, y)) == pytest.approx(stats.spearmanr(x, y).statistic)
        assert float(kendall(x, y)) == pytest.approx(stats.kendalltau(x, y).statistic)


@pytest.mark.parametrize("correlation", [spearman, kendall])
def test_leading_axes(correlation) -> None:
    x, y = RNG.normal(size=(2, 5, 7))
    each = [float(correlation(a, b)) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(correlation(x, y), each)
    assert np.isnan(correlation(np.ones(4), np.arange(4.0)))


def test_permutation_p_against_all_permutations() -> None:
    x, y = RNG.normal(size=(2, 6))
    y = x + 0.7 * y
    found = abs(float(spearman(x, y)))
    every = [abs(float(spearman(x, np.array(p)))) for p in permutations(y)]
    exact = np.mean(np.array(every) >= found - 1e-12)
    p = permutation_p(spearman, x, y, permutations=20000)
    assert p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20000) + 1e-4)
    assert permutation_p(spearman, np.ones(5), y[:5], permutations=10) == 1.0


def test_bootstrap_against_all_resamples() -> None:
    x, y = np.array([0.1, 0.4, 0.2, 0.9, 0.7]), np.array([1.0, 2.0, 3.0, 5.0, 4.0])
    rows = np.array(list(product(range(5), repeat=5)))
    every = kendall(x[rows], y[rows])
    wanted = np.nanquantile(every, [0.05, 0.95])
    found = correlation_interval(kendall, x, y, resamples=20000, level=0.9)
    assert found.value == pytest.approx(float(kendall(x, y)))
    np.testing.assert_allclose([found.lower, found.upper], wanted, atol=0.05)
    assert found.n == 5


def test_difference_is_paired() -> None:
    x, y = RNG.normal(size=(2, 15))
    same = difference_interval((spearman, x), (spearman, x), y, resamples=200)
    assert same[:3] == (0.0, 0.0, 0.0)
    up, down = y + 0.1 * x, -y + 0.1 * x
    apart = difference_interval((spearman, up), (spearman, down), y, resamples=500)
    assert apart.lower > 1.0
    flipped = difference_interval((spearman, down), (size_of_spearman, down), y, resamples=500)
    assert flipped.upper < 0.0


def test_alike_configurations_have_no_ranks() -> None:
    found = correlation_interval(spearman, np.ones(5), np.arange(5.0), resamples=10)
    assert np.isnan(found.value)
    assert np.isnan(found.lower)


def test_recovered() -> None:
    accuracy = np.array([0.5, 0.9, 0.7])
    assert recovered(np.array([1.0, 3.0, 2.0]), accuracy) == 1.0
    assert recovered(np.array([3.0, 1.0, 2.0]), accuracy) == 0.0
    assert recovered(np.array([3.0, 1.0, 3.0]), accuracy) == pytest.approx(0.25)
    assert recovered(np.array([3.0, 1.0, 3.0]), np.full(3, 0.5)) == 1.0
