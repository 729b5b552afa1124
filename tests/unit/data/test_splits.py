"""Splits: exact stratified counts, a pure function of labels and seed."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.data.splits import assign_splits
from lemmata.errors import LemmataError
from lemmata.tables import SPLITS

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
labels = st.lists(st.integers(0, 4), min_size=1, max_size=200).map(np.array)
percents = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda pair: (min(pair), max(pair) - min(pair), 100 - max(pair))
)


def largest_remainder(n: int, percent: tuple[int, ...]) -> list[int]:
    """Independent reference in exact fractions."""
    quotas = [Fraction(n * share, 100) for share in percent]
    counts = [math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(3), key=lambda k: (counts[k] - quotas[k], k))
    for k in by_remainder[: n - sum(counts)]:
        counts[k] += 1
    return counts


@given(y=labels, percent=percents, seed=st.integers(0, 2**63))
def test_counts_are_exact_in_every_class(y, percent, seed) -> None:
    shares = {split: share / 100 for split, share in zip(SPLITS, percent, strict=True)}
    split = assign_splits(y, seed, shares)
    assert split.shape == y.shape
    for label in np.unique(y):
        own = split[y == label]
        assert [int((own == s).sum()) for s in SPLITS] == largest_remainder(own.size, percent)


@given(y=labels, seed=st.integers(0, 1000))
def test_rows_of_a_class_do_not_care_about_other_classes(y, seed) -> None:
    split = assign_splits(y, seed, SHARES)
    merged = assign_splits(np.where(y == 0, 0, 9), seed, SHARES)
    np.testing.assert_array_equal(split[y == 0], merged[y == 0])
    np.testing.assert_array_equal(split, assign_splits(y + 5, seed, SHARES))


def test_known_counts() -> None:
    y = np.repeat([0, 1, 2], [100, 10, 1])
    split = assign_splits(y, 0, SHARES)
    counts = {s: np.bincount(y[split == s], minlength=3).tolist() for s in SPLITS}
    assert counts == {"train": [60, 6, 1], "validation": [20, 2, 0], "test": [20, 2, 0]}


def test_seeds_differ_and_repeat() -> None:
    y = np.arange(1000) % 2
    a, b, c = (assign_splits(y, seed, SHARES) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    # Independent splits agree in 0.6^2 + 2 * 0.2^2 = 44 percent of the rows, +- 1.6.
    assert 0.38 < (a == c).mean() < 0.50


def test_every_row_is_equally_likely_to_be_a_test_row() -> None:
    y = np.arange(50) % 3
    draws = np.stack([assign_splits(y, seed, SHARES) == "test" for seed in range(2000)])
    # Class sizes 17, 17, 16 give 3/17 or 4/17 and 3/16 of their rows to the test split.
    expected = np.array([draws[:, y == label].mean() for label in range(3)])[y]
    deviation = np.abs(draws.mean(axis=0) - expected) / np.sqrt(expected * (1 - expected) / 2000)
    assert deviation.max() < 4.5


def test_the_stream_is_pinned() -> None:
    """The same seed gives the same split on every machine and in every later version."""
    y = np.zeros(10, dtype=int)
    short = "".join(split[:2] for split in assign_splits(y, 7, SHARES))
    assert short == "trtrtetrtrtevavatrtr"


@pytest.mark.parametrize(
    "shares",
    [
        {"train": 0.6, "test": 0.4},
        {"train": 0.6, "validation": 0.2, "test": 0.2, "calibration": 0.0},
        {"train": 0.6, "validation": 0.2, "test": 0.3},
        {"train": 1.2, "validation": -0.2, "test": 0.0},
        {"train": math.nan, "validation": 0.5, "test": 0.5},
    ],
)
def test_other_shares_are_refused(shares) -> None:
    with pytest.raises(LemmataError, match=r"^split: shares"):
        assign_splits(np.array([0, 1]), 0, shares)
