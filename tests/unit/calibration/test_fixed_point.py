"""Fixed points of many functions at once, against closed forms, bisection and SciPy."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from lemmata.calibration.fixed_point import Floats, Rows, fixed_points
from lemmata.errors import LemmataError


def counted(function: Callable[[Rows, Floats], Floats]) -> tuple[Callable[..., Floats], list[int]]:
    """The function, and the numbers of rows of its calls."""
    calls: list[int] = []

    def value_at(rows: Rows, s: Floats) -> Floats:
        calls.append(len(rows))
        return function(rows, s)

    return value_at, calls


@given(
    st.lists(
        st.tuples(st.floats(1e-9, 1.0), st.floats(0.0, 8.0)),
        min_size=1,
        max_size=20,
    )
)
def test_power_laws_have_closed_forms(laws: list[tuple[float, float]]) -> None:
    scale, power = np.array(laws).T
    found = fixed_points(lambda r, s: np.minimum(scale[r] * s ** -power[r], 1.0), len(laws), 1e-7)
    np.testing.assert_allclose(found, scale ** (1.0 / (1.0 + power)), atol=1e-7)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12))
def test_stairs_are_bounded_from_both_sides(stairs: list[tuple[float, float]]) -> None:
    """Steps down at any place: where the graph jumps over the diagonal, the root is the jump."""
    at, drop = np.array(stairs).T

    def value(s: float) -> float:
        return float(1.0 - drop[at < s].sum() / len(at))

    found = fixed_points(lambda _, s: np.array([value(one) for one in s]), 1, 1e-6)[0]
    low, high = max(found - 2e-6, 0.0), min(found + 2e-6, 1.0)
    assert value(low) >= low - 2e-6
    assert value(high) <= high + 2e-6


def test_agrees_with_scipy_and_needs_few_looks() -> None:
    rng = np.random.Generator(np.random.Philox(0))
    floor, noise = rng.uniform(0, 0.2, 500), 10.0 ** rng.uniform(-4, -1, 500)

    def function(rows: Rows, s: Floats) -> Floats:
        return floor[rows] * np.exp(-s) + noise[rows] / np.sqrt(s)

    value_at, calls = counted(function)
    found = fixed_points(value_at, 500, 1e-9)
    for row in range(0, 500, 50):
        one = np.array([row])
        exact = optimize.brentq(lambda s, r=one: function(r, np.array([s]))[0] - s, 1e-9, 1)
        assert found[row] == pytest.approx(exact, abs=1e-9)
    assert len(calls) <= 12
    assert sum(calls) / 500 <= 7


def test_what_is_zero_has_its_root_at_zero() -> None:
    found = fixed_points(lambda r, s: np.where(r == 0, 0.0, 0.3 + 0 * s), 2, 1e-6)
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.3, abs=1e-6)


def test_roots_that_matter_no_more_are_left() -> None:
    roots = np.array([0.5, 0.1, 0.01])
    value_at, calls = counted(lambda r, s: roots[r] ** 1.5 / np.sqrt(s))
    found = fixed_points(value_at, 3, 1e-9, lambda low, high: high > low.max())
    assert found.max() == pytest.approx(0.5, abs=1e-9)
    assert calls[0] == 3
    assert calls[-1] == 1


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -1e-6, float("nan")])
def test_tolerance_is_checked(tolerance: float) -> None:
    with pytest.raises(LemmataError, match=r"tolerance = .*: must lie in \(0, 1\)"):
        fixed_points(lambda _, s: s, 1, tolerance)
