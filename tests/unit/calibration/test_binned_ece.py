"""Binned ECE against a loop over bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.calibration.binned_ece import bin_table, binned_ece, support_ece
from lemmata.errors import LemmataError


def looped_ece(p: np.ndarray, y: np.ndarray, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        last = b == bins - 1
        inside = (p >= b / bins) & ((p < (b + 1) / bins) | last)
        if inside.any():
            total += inside.mean() * abs(p[inside].mean() - y[inside].mean())
    return total


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 30))
def test_equals_a_loop(seed: int, n: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.where(rng.random(n) < 0.3, rng.integers(0, bins + 1, n) / bins, rng.random(n))
    y = rng.integers(0, 2, n)
    assert binned_ece(p, y, bins) == pytest.approx(looped_ece(p, y, bins), abs=1e-12)


def test_table_by_hand() -> None:
    table = bin_table([0.1, 0.2, 0.5, 1.0], [0, 1, 1, 0], 2)
    assert table["count"].tolist() == [2, 2]
    assert table["mean_p"].tolist() == pytest.approx([0.15, 0.75])
    assert table["mean_y"].tolist() == pytest.approx([0.5, 0.5])
    assert binned_ece([0.1, 0.2, 0.5, 1.0], [0, 1, 1, 0], 2) == pytest.approx(0.3)


def test_empty_bins_are_nan_and_weigh_nothing() -> None:
    table = bin_table([0.95], [0], 10)
    assert table["mean_p"].isna().sum() == 9
    assert binned_ece([0.95], [0], 10) == pytest.approx(0.95)


def test_support_ece_conditions_on_each_value() -> None:
    assert support_ece([0.5, 0.5, 0.25, 0.25], [0, 1, 1, 1]) == pytest.approx(0.375)


def test_refuses_no_bins() -> None:
    with pytest.raises(LemmataError, match="bins = 0"):
        binned_ece([0.5], [1], 0)
