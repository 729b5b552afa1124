"""Consensus, agreement, variance and movement against published fixtures and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from lemmata.survey.indices import (
    agreement,
    bottom,
    consensus,
    mean_stance,
    movement,
    normalised_variance,
    top,
)

TRUST_2023 = [0.0546, 0.2171, 0.3068, 0.3930, 0.0285]
TRUST_2025 = [0.196, 0.261, 0.216, 0.296, 0.031]
RATE = [0.048, 0.299, 0.269, 0.228, 0.156]
shares = st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5).map(lambda x: np.array(x) / sum(x))


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.2] * 5, (0.434, 0.0, 0.5)),
        ([0, 0, 1.0, 0, 0], (1.0, 1.0, 0.0)),
        ([1.0, 0, 0, 0, 0], (1.0, 1.0, 0.0)),
        ([0.5, 0, 0, 0, 0.5], (0.0, -1.0, 1.0)),
        (TRUST_2023, (0.657, 0.491, 0.232)),
        (TRUST_2025, (0.541, 0.245, 0.344)),
        (RATE, (0.568, 0.307, 0.330)),
    ],
)
def test_fixtures(p: list[float], expected: tuple[float, float, float]) -> None:
    found = consensus(p), agreement(p), normalised_variance(p)
    assert found == pytest.approx(expected, abs=6e-4)


@given(shares)
def test_a_scale_turned_round_agrees_as_much(p: np.ndarray) -> None:
    for index in (consensus, agreement, normalised_variance):
        assert index(p) == pytest.approx(index(p[::-1]), abs=1e-9)
    assert float(mean_stance(p)) == pytest.approx(6.0 - float(mean_stance(p[::-1])))
    assert float(top(p)) == pytest.approx(float(bottom(p[::-1])))


@given(shares, shares)
def test_movement_is_the_earth_movers_distance(p: np.ndarray, q: np.ndarray) -> None:
    x = np.arange(5)
    assert float(movement(p, q)) == pytest.approx(wasserstein_distance(x, x, p, q) / 4, abs=1e-9)


def test_movement_of_the_published_trust() -> None:
    # By hand: the four differences of the cumulative shares, over four. (.107 was measured once on
    # counts of a sample; the printed shares give .106.)
    steps = 0.1414 + 0.1853 + 0.0945 - 0.0025
    assert float(movement(TRUST_2023, TRUST_2025)) == pytest.approx((steps + 2 * 0.0025) / 4)


def test_ends_of_an_even_and_a_long_scale() -> None:
    assert float(top([0.1, 0.2, 0.3, 0.4])) == pytest.approx(0.7)
    assert float(bottom([0.1, 0.1, 0.1, 0.3, 0.2, 0.1, 0.1])) == pytest.approx(0.3)
