"""Smooth calibration error and distances from calibration: programs, exact solver, theorems."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lemmata.calibration.binned_ece import support_ece
from lemmata.calibration.lower_distance import lower_distance_lp, upper_distance
from lemmata.calibration.populations import one_signed, two_points
from lemmata.calibration.smooth_calibration import (
    smooth_calibration_error,
    smooth_calibration_lp,
)
from lemmata.calibration.smooth_ece import bin_predictions, smece_at, smooth_ece
from lemmata.calibration.studies.sandwich import RATIOS, Settings, study
from lemmata.errors import LemmataError
from tests.reference import stream

Sample = tuple[np.ndarray, np.ndarray]


def sample(seed: int, n: int = 40) -> Sample:
    """A small support with ends, gaps and repeated predictions."""
    rng = stream("distances", seed)
    places = np.r_[0.0, 1.0, rng.random(rng.integers(1, 12)), 0.5 + 1e-4 * rng.random(2)]
    p = rng.choice(places, n)
    return p, (rng.random(n) < np.clip(p + rng.uniform(-0.4, 0.4), 0, 1)).astype(np.float64)


def by_scipy(p: np.ndarray, y: np.ndarray) -> float:
    """The same program with all pairs, not neighbours alone, by another solver."""
    values, index = np.unique(p, return_inverse=True)
    residual = np.bincount(index, weights=y - p) / len(p)
    pairs = list(itertools.permutations(range(len(values)), 2))
    rows = np.zeros((len(pairs), len(values)))
    for k, (i, j) in enumerate(pairs):
        rows[k, i], rows[k, j] = 1.0, -1.0
    limits = np.array([abs(values[i] - values[j]) for i, j in pairs])
    if not pairs:
        return float(np.abs(residual).sum())
    found = linprog(-residual, A_ub=rows, b_ub=limits, bounds=(-1, 1))
    return float(-found.fun)


@pytest.mark.parametrize("seed", range(8))
def test_solver_equals_both_programs(seed: int) -> None:
    p, y = sample(seed)
    exact = smooth_calibration_error(p, y)
    assert smooth_calibration_lp(p, y) == pytest.approx(exact, abs=1e-7)
    assert by_scipy(p, y) == pytest.approx(exact, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.25, 1.0])), min_size=1, max_size=25)
)
def test_solver_equals_scipy_on_anything(pairs: list[tuple[float, float]]) -> None:
    p, y = (np.array(column) for column in zip(*pairs, strict=True))
    assert smooth_calibration_error(p, y) == pytest.approx(by_scipy(p, y), abs=1e-8)


def test_closed_forms() -> None:
    constant = np.full(50, 0.3)
    y = (np.arange(50) < 35).astype(float)
    assert smooth_calibration_error(constant, y) == pytest.approx(0.4)
    assert lower_distance_lp(constant, y).value == pytest.approx(0.4)
    assert upper_distance(constant, y) == pytest.approx(0.4)
    p, outcome = one_signed(2000, 1.5, stream("one signed"))
    expected = 0.9 * p  # everywhere below: w = 1 or -1 is best
    assert smooth_calibration_error(p, expected) == pytest.approx(np.mean(p - expected))
    assert outcome.mean() == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("e", [0.05, 0.01])
def test_two_opposite_points(e: float) -> None:
    """ldCE = e and smCE = (1/2 + e) e: w falls by 2 e between the points."""
    p, y = two_points(e)
    assert lower_distance_lp(p, y).value == pytest.approx(e)
    assert upper_distance(p, y) == pytest.approx(e)
    assert smooth_calibration_error(p, y) == pytest.approx((0.5 + e) * e)


def test_perfect_calibration_is_zero() -> None:
    p = np.repeat([0.0, 0.25, 0.75, 1.0], 40)
    y = np.concatenate([np.arange(40) < k for k in (0, 10, 30, 40)]).astype(float)
    assert smooth_calibration_error(p, y) == pytest.approx(0.0, abs=1e-15)
    assert lower_distance_lp(p, y).value == pytest.approx(0.0, abs=1e-9)
    assert upper_distance(p, y) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("seed", range(12))
def test_theorems_on_random_samples(seed: int) -> None:
    p, y = sample(seed)
    p = np.round(p, 1)[:30]  # so few values that all partitions can be tried
    y = y[:30]
    lower, gap = lower_distance_lp(p, y)
    smooth, smece = smooth_calibration_error(p, y), smooth_ece(p, y, 2**14, 1e-7)
    ece = support_ece(p, y)
    assert lower - gap / 2 <= 2 * smece
    assert smece <= 2 * math.sqrt(lower) + 1e-6
    assert (lower - gap / 2) / 2 <= smooth + 1e-6
    assert smooth <= 2 * lower + 1e-6  # solvers are right to 1e-8
    assert smooth <= 1.8 * smece + 1e-6
    assert smece <= max(smooth, 0.894 * math.sqrt(smooth)) + 1e-6
    assert max(smece, smooth) <= ece + 1e-6
    assert lower <= ece + 1e-6
    if len(np.unique(p)) <= 8:
        upper = upper_distance(p, y)
        assert lower <= upper + 1e-6
        assert upper <= 4 * math.sqrt(lower) + 1e-6
    binned = bin_predictions(p, y, 2**14)
    for s in (0.01, 0.1, 0.5):  # coupling by a kernel of width s; Lipschitz constant of K_s g
        value = float(smece_at(binned, s))
        assert lower - gap / 2 <= value + s + 1e-6
        assert value <= (1 + math.sqrt(2 / math.pi) / s) * lower + 1e-6


def test_grid_of_the_lower_distance_errs_by_half_a_gap() -> None:
    p, y = sample(3)
    coarse, fine = lower_distance_lp(p, y, 20), lower_distance_lp(p, y, 400)
    assert fine.value <= coarse.value + 1e-6
    assert coarse.value <= fine.value + coarse.gap / 2 + 1e-6
    assert fine.gap <= 1 / 400 + 1e-12


def test_study_finds_ratios_up_to_one() -> None:
    found = study(Settings(8, 8, 80, 50, 0, 2**12, 1e-6))
    assert set(found.evidence["statistic"]) == {f"max_{name}" for name in RATIOS}
    assert (found.evidence["value"] <= 1.0).all()
    assert found.evidence["value"].max() > 0.9  # some bound is nearly reached
    row = found.table[found.table["kind"] == "two points"].iloc[0]
    assert row["lower_distance"] == pytest.approx(0.2)
    assert row["smooth_calibration_to_lower_distance"] == pytest.approx(0.7 * 0.2 / 0.4)


def test_refusals() -> None:
    p = np.linspace(0.0, 1.0, 6000)
    with pytest.raises(LemmataError, match="6000 distinct predictions, at most 5000"):
        smooth_calibration_lp(p, p)
    with pytest.raises(LemmataError, match="at most 100000 are taken"):
        lower_distance_lp(p, np.round(p))
    with pytest.raises(LemmataError, match="labels must be 0 or 1"):
        lower_distance_lp(p, p)
    with pytest.raises(LemmataError, match="6000 distinct predictions, at most 10"):
        upper_distance(p, np.round(p))
    with pytest.raises(LemmataError, match="must lie in"):
        smooth_calibration_error([1.5], [1.0])
