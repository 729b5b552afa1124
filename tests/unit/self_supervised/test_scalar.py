"""The scalar dynamics: closed forms against quadrature, integration and the sheet's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from lemmata.errors import LemmataError
from lemmata.self_supervised.linear.scalar import (
    OBJECTIVES,
    amplitude,
    amplitude_limit,
    asymptotic_time,
    critical_time,
    critical_time_by_quadrature,
    layer_limit,
    layer_scale,
    measurable,
    rate,
    time_to,
)

# L, eps: JEPA at rho .9 and .45, MAE at .9, ratios of JEPA's and of MAE's times at .45 and .9.
MEASURED = {
    (1, 1e-2): (102.77, 103.96, 4.003, 1.012, 0.913),
    (2, 1e-2): (400.69, 480.41, 8.836, 1.199, 0.965),
    (3, 1e-2): (620.31, 946.42, 10.30, 1.526, 0.980),
    (3, 1e-4): (9.9263e5, 1.0675e6, 231.63, 1.075, 0.999),
    (5, 1e-4): (2.1984e6, 2.9415e6, 396.21, 1.338, 1.000),
    (8, 1e-4): (3.3882e6, 8.6008e6, 451.9, 2.538, 1.000),
}
# The divergent terms: JEPA at .9 and .45, MAE.
TERMS = {
    (1, 1e-2): (100.0, 100.0, 4.605),
    (2, 1e-2): (401.23, 493.83, 10.0),
    (3, 1e-2): (622.82, 1084.8, 10.77),
    (3, 1e-4): (9.9263e5, 1.0675e6, 232.08),
    (5, 1e-4): (2.1984e6, 2.9444e6, 396.22),
    (8, 1e-4): (3.3882e6, 9.1902e6, 451.8),
}


@pytest.mark.parametrize(("case", "expected"), MEASURED.items())
def test_critical_times_known_from_quadrature(
    case: tuple[int, float], expected: tuple[float, ...]
) -> None:
    depth, eps = case
    high, low = (critical_time("jepa", depth, 1.0, rho, eps) for rho in (0.9, 0.45))
    mae = [critical_time("mae", depth, 1.0, rho, eps) for rho in (0.9, 0.45)]
    found = (high, low, mae[0], low / high, mae[1] / mae[0])
    np.testing.assert_allclose(found, expected, rtol=6e-4)


@pytest.mark.parametrize(("case", "expected"), TERMS.items())
def test_divergent_terms(case: tuple[int, float], expected: tuple[float, ...]) -> None:
    depth, eps = case
    found = [asymptotic_time("jepa", depth, 1.0, rho, eps) for rho in (0.9, 0.45)]
    found.append(asymptotic_time("mae", depth, 1.0, 0.9, eps))
    np.testing.assert_allclose(found, expected, rtol=3e-4)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("eps", [1e-2, 1e-4, 1e-9])
def test_closed_form_equals_quadrature(objective, depth, eps):
    for lam, rho in ((1.0, 0.9), (1.7, 0.6), (0.3, 0.45)):
        closed = critical_time(objective, depth, lam, rho, eps)
        if np.isfinite(closed):
            found = critical_time_by_quadrature(objective, depth, lam, rho, eps)
            assert closed == pytest.approx(found, rel=1e-11)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8])
def test_features_above_their_limit_shrink_as_integration_says(objective, depth):
    lam, rho, eps = 1.3, 0.01, 0.9
    start, limit = layer_scale(depth, eps), layer_limit(objective, depth, rho)
    assert start > limit
    for share in (0.9, 0.5, 0.1, 1e-4):
        w = limit + share * (start - limit)
        found, _ = quad(
            lambda x: 1 / rate(objective, x, depth, lam, rho), start, w, epsrel=1e-11, limit=500
        )
        assert time_to(objective, w, depth, lam, rho, eps) == pytest.approx(found, rel=1e-8)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("depth", "rho", "eps"), [(1, 0.6, 1e-2), (3, 0.6, 1e-2), (3, 0.05, 0.5)])
def test_amplitude_solves_the_equation(objective, depth, rho, eps):
    times = np.array([0.0, 0.5, 2.0, 10.0, 50.0])
    solved = solve_ivp(
        lambda _, w: rate(objective, w, depth, 1.2, rho),
        (0, times[-1]),
        [layer_scale(depth, eps)],
        "LSODA",
        times,
        rtol=1e-11,
        atol=1e-14,
    )
    found = amplitude(objective, times, depth, 1.2, rho, eps)
    np.testing.assert_allclose(found, solved.y[0] ** depth, rtol=1e-8)
    late = amplitude(objective, 1e9, depth, 1.2, rho, eps)
    assert late == pytest.approx(amplitude_limit(objective, depth, rho), rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_the_rate_vanishes_at_the_limit_only(objective, depth):
    limit = layer_limit(objective, depth, 0.7)
    assert rate(objective, limit, depth, 1.3, 0.7) == pytest.approx(0.0, abs=1e-15)
    assert np.all(rate(objective, np.linspace(0.01, 0.99, 50) * limit, depth, 1.3, 0.7) > 0)
    assert rate(objective, 1.1 * limit, depth, 1.3, 0.7) < 0


def test_limits_are_powers_of_rho():
    assert amplitude_limit("jepa", 5, 0.9) == pytest.approx(0.9**5)
    assert amplitude_limit("mae", 5, 0.9) == pytest.approx(0.9 ** (5 / 6))
    # At MAE's limit decoder times encoder is rho.
    assert layer_limit("mae", 5, 0.9) ** 6 == pytest.approx(0.9)


def test_time_scales_with_one_over_lambda():
    for objective in OBJECTIVES:
        times = [critical_time(objective, 3, lam, 0.8, 1e-3) for lam in (0.5, 2.0)]
        assert times[0] == pytest.approx(4 * times[1], rel=1e-12)


def test_the_ratio_of_times_follows_its_expansion():
    """JEPA: 1 + (2L-1) / (2L-2) (1/rho' - 1/rho) eps^(1/L); MAE has no term of that order."""
    for depth in (2, 3, 5):
        eps = 1e-4**depth  # s0 = 1e-4 at every depth
        jepa = [critical_time("jepa", depth, 1.0, rho, eps) for rho in (0.45, 0.9)]
        term = (2 * depth - 1) / (2 * depth - 2) * (1 / 0.45 - 1 / 0.9) * 1e-4
        assert jepa[0] / jepa[1] - 1 == pytest.approx(term, rel=2e-3)
        mae = [critical_time("mae", depth, 1.0, rho, eps) for rho in (0.45, 0.9)]
        assert abs(mae[0] / mae[1] - 1) < term


def test_what_has_no_critical_time():
    assert np.isnan(critical_time("jepa", 8, 1.0, 0.3, 1e-2))  # starts above half of its limit
    assert measurable("jepa", 5, 0.4, 1e-3)
    assert not measurable("jepa", 6, 0.4, 1e-3)  # 2.0 eps
    assert measurable("mae", 6, 0.4, 1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("jepa", 0.5, 0, 1.0, 0.9, 1e-3), "depth = 0"),
        (("jepa", 0.5, 2, -1.0, 0.9, 1e-3), "lambda = -1"),
        (("mae", 0.5, 2, 1.0, 0.0, 1e-3), "rho = 0"),
        (("mae", 0.5, 2, 1.0, 0.9, 1.0), "eps = 1"),
        (("jepa", 0.95, 2, 1.0, 0.9, 1e-3), "must lie between"),
        (("mae", [0.5, 0.01], 2, 1.0, 0.9, 1e-3), "must lie between"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(LemmataError, match=message):
        time_to(*arguments)
