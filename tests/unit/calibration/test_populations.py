"""Known populations against their own samples and plain integration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from lemmata.calibration.populations import (
    OSCILLATING_ECE,
    UNIFORM_AREA,
    calibrated_uniform,
    endpoints_smooth_ece,
    folded_left,
    hard_predictions,
    mixed_endpoints,
    null_law,
    one_signed,
    one_signed_smooth_ece,
    oscillating,
    oscillating_truth,
    two_points,
    two_points_smooth_ece,
)
from tests import reference


@pytest.mark.parametrize(
    ("population", "ece"),
    [
        (calibrated_uniform, 0.0),
        (lambda n, rng: one_signed(n, 1.2, rng), one_signed_smooth_ece(1.2)),
        (lambda n, rng: mixed_endpoints(n, 0.5, rng), 0.1),
        (lambda n, rng: hard_predictions(n, 0.05, rng), 0.05),
        (oscillating, OSCILLATING_ECE),
    ],
)
def test_sample_has_the_true_ece(population: Any, ece: float) -> None:
    p, y = population(10**6, reference.stream("populations"))
    assert p.shape == y.shape == (10**6,)
    assert set(np.unique(y)) <= {0.0, 1.0}
    assert 0.0 <= p.min() <= p.max() <= 1.0
    cell = np.where((p == 0.0) | (p == 1.0), 200 + p, np.minimum(p * 200, 199)).astype(int)
    gap = np.abs(np.bincount(cell, weights=p - y)).sum() / p.size
    assert gap == pytest.approx(ece, abs=7e-3)  # 200 bins of 5,000 draws each: 0.4 sd


def test_values_by_hand() -> None:
    assert one_signed_smooth_ece(1.5) == pytest.approx(0.1)
    assert one_signed_smooth_ece(1.2) == pytest.approx(0.0454545, abs=1e-7)
    t = np.linspace(0.0, 1.0, 100001)
    assert pytest.approx(np.trapezoid(np.sqrt(t * (1 - t)), t), abs=1e-6) == UNIFORM_AREA
    gap = np.abs(oscillating_truth(t) - t)
    assert pytest.approx(np.trapezoid(gap, t), abs=1e-6) == OSCILLATING_ECE
    assert null_law(1e6) == pytest.approx(0.003026, abs=5e-7)
    p, y = two_points(0.1)
    assert (p.tolist(), y.tolist()) == ([0.4, 0.6], [1.0, 0.0])


@pytest.mark.parametrize("x", [0.0, 0.2, 0.499])
@pytest.mark.parametrize("s", [0.05, 0.3, 1.0])
def test_folded_left_is_the_mass_of_the_reflected_kernel(x: float, s: float) -> None:
    t = np.linspace(0.0, 0.5, 4001)
    density = reference.reflected_kernel(t, np.array([x]), s)[:, 0]
    assert folded_left(x, s) == pytest.approx(np.trapezoid(density, t), abs=1e-6)


@pytest.mark.parametrize("e", [1e-2, 1e-4, 1e-6, 1e-9])
def test_two_points_without_walls(e: float) -> None:
    s = two_points_smooth_ece(e)
    assert s == pytest.approx((0.5 + e) * (2 * ndtr(e / s) - 1), rel=1e-6)
    assert s == pytest.approx(0.632 * np.sqrt(e), rel=0.02)


@pytest.mark.parametrize("ece", [1e-3, 0.05, 0.2, 0.5])
def test_end_points_equal_quadrature(ece: float) -> None:
    s = endpoints_smooth_ece(ece)
    t = np.linspace(0.0, 1.0, 20001)
    kernel = reference.reflected_kernel(t, np.array([0.0, 1.0]), s)
    assert np.trapezoid(np.abs(kernel @ [-ece / 2, ece / 2]), t) == pytest.approx(s, abs=1e-6)
    assert s <= ece + 1e-9
