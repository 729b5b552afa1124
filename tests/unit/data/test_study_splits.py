"""Splits of the multicalibration study against the protocol, written out."""

from __future__ import annotations

import numpy as np
import pytest

from lemmata.data.study_splits import population_split, study_split
from lemmata.errors import LemmataError


def test_published_protocol():
    n, seed, fraction = 1003, 15, 0.4
    part = study_split(n, seed, fraction)
    test = np.sort(np.random.RandomState(42).choice(np.arange(n), size=200, replace=False))
    rest = np.setdiff1d(np.arange(n), test)
    validation = np.sort(np.random.RandomState(seed).choice(rest, size=200, replace=False))
    train = np.setdiff1d(rest, validation)
    size = int(fraction * len(train))
    calibration = np.sort(np.random.RandomState(50).choice(train, size=size, replace=False))
    assert np.array_equal(np.flatnonzero(part == "test"), test)
    assert np.array_equal(np.flatnonzero(part == "validation"), validation)
    assert np.array_equal(np.flatnonzero(part == "calibration"), calibration)
    assert (part == "train").sum() == len(train) - size


def test_test_rows_are_the_same_for_all_and_nothing_is_kept_at_zero():
    splits = [study_split(500, seed, fraction) for seed in (15, 25) for fraction in (0.0, 0.8)]
    for part in splits[1:]:
        assert np.array_equal(part == "test", splits[0] == "test")
    assert not (splits[0] == "calibration").any()
    assert not np.array_equal(splits[0] == "validation", splits[2] == "validation")


def test_population_blocks_are_disjoint_and_complete():
    sizes = {"train": 10, "calibration": 20, "validation": 5, "test": 15}
    parts = [population_split(160, 3, sizes, k) for k in range(3)]
    used = np.stack([part != "" for part in parts])
    assert used.sum(axis=0).max() == 1
    assert used.sum() == 150
    for part in parts:
        assert {name: (part == name).sum() for name in sizes} == sizes
    assert parts[1].tolist()[50:60] == ["train"] * 10


@pytest.mark.parametrize("arguments", [(1000, 15, 1.0), (1000, 15, -0.1), (5, 15, 0.2)])
def test_refused(arguments):
    with pytest.raises(LemmataError, match="needs 10 rows"):
        study_split(*arguments)


def test_population_too_large():
    sizes = {"train": 10, "calibration": 20, "validation": 5, "test": 15}
    with pytest.raises(LemmataError, match="3 seeds of 50 rows need more than 149 rows"):
        population_split(149, 3, sizes, 0)
