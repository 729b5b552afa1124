"""smECE against its definition, closed forms, the authors' code, and its invariances."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lemmata.calibration.binned_ece import support_ece
from lemmata.calibration.populations import (
    calibrated_uniform,
    endpoints_smooth_ece,
    hard_predictions,
    mixed_endpoints,
    null_law,
    one_signed,
    one_signed_smooth_ece,
    oscillating,
    two_points,
    two_points_smooth_ece,
)
from lemmata.calibration.smooth_ece import (
    MAX_GRID_SIZE,
    Binned,
    bin_predictions,
    smece_at,
    smooth_ece,
    solve,
    solve_refined,
)
from lemmata.errors import LemmataError
from tests import reference
from tests.reference import stream

GRID = 2**14


def smece(p: Any, y: Any) -> float:
    return smooth_ece(p, y, GRID, 1e-7)


def beta_sample(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = stream("test_smooth_ece", seed)
    p = rng.beta(*rng.uniform(0.3, 4.0, 2), n)
    return p, (rng.random(n) < p ** rng.uniform(0.6, 1.8)).astype(np.int64)


@pytest.mark.parametrize("s", [0.003, 0.01, 0.05, 0.2, 0.7, 1.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equals_quadrature_of_the_definition(s: float, seed: int) -> None:
    p, y = beta_sample(seed, 300)
    p[:20], p[20:40] = 0.0, 1.0  # the walls, where a kernel is easily halved
    expected = reference.smece_by_quadrature(p, y, s, nodes=8001)
    assert smece_at(bin_predictions(p, y, GRID), s) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_fixed_point_equals_that_of_quadrature(seed: int) -> None:
    p, y = beta_sample(seed, 150)
    p[:10] = 1.0
    assert smece(p, y) == pytest.approx(reference.smooth_ece_by_bisection(p, y), abs=1e-5)


def test_outcomes_may_be_fractions() -> None:
    rng = stream("fractions")
    p, y = rng.random(200), rng.random(200)
    expected = reference.smece_by_quadrature(p, y, 0.03)
    assert smece_at(bin_predictions(p, y, GRID), 0.03) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        (lambda n, rng: one_signed(n, 1.5, rng), one_signed_smooth_ece(1.5)),
        (lambda n, rng: hard_predictions(n, 0.2, rng), endpoints_smooth_ece(0.2)),
        (lambda n, rng: hard_predictions(n, 0.05, rng), endpoints_smooth_ece(0.05)),
        (lambda n, rng: mixed_endpoints(n, 0.5, rng), endpoints_smooth_ece(0.1)),
    ],
)
def test_population_value_is_reached_by_large_samples(population: Any, expected: float) -> None:
    assert smece(*population(10**6, stream("population"))) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(("c", "ones"), [(0.3, 70), (0.123456, 0), (0.5, 50), (1.0, 99), (0.0, 7)])
def test_constant_prediction_gives_its_distance_from_the_mean(c: float, ones: int) -> None:
    y = np.arange(100) < ones
    assert smece(np.full(100, c), y) == pytest.approx(abs(c - ones / 100), abs=1e-7)


def test_one_signed_residual_has_the_same_value_at_every_bandwidth() -> None:
    p = np.linspace(0.0, 1.0, 501)
    binned = bin_predictions(p, p**1.5, GRID)  # outcomes at their means: no sampling error
    values = smece_at(binned, np.geomspace(1e-3, 1.0, 9))
    assert values == pytest.approx(np.mean(p - p**1.5), abs=1e-12)


@pytest.mark.parametrize("e", [0.3, 0.05, 0.01, 1e-3, 1e-4])
def test_two_opposite_points(e: float) -> None:
    assert smece(*two_points(e)) == pytest.approx(two_points_smooth_ece(e), abs=2e-6)


def test_two_opposite_points_as_published() -> None:
    values = [smece(*two_points(e)) for e in (0.05, 0.01)]
    assert values == pytest.approx([0.1467, 0.0637], abs=5e-5)


@pytest.mark.parametrize(("error", "published"), [(0.05, 0.0507), (0.2, 0.1974)])
def test_hard_predictions_give_their_error_rate(error: float, published: float) -> None:
    wrong = np.arange(20000) < 20000 * error
    p = np.arange(20000) % 2
    value = smece(p, p ^ wrong)
    assert value == pytest.approx(endpoints_smooth_ece(error), abs=1e-6)
    assert value == pytest.approx(error, rel=0.05)
    assert value == pytest.approx(published, rel=0.03)  # a sample's value


@pytest.mark.parametrize("n", [3000, 30000])
def test_calibrated_uniform_predictions_follow_the_null_law(n: int) -> None:
    values = [smece(*calibrated_uniform(n, stream("null", n, s))) for s in range(30)]
    assert np.mean(values) == pytest.approx(null_law(n), rel=0.08)
    assert null_law(1.0) == pytest.approx(0.3026, abs=5e-5)


@given(seed=st.integers(0, 1000), n=st.integers(1, 60))
def test_never_grows_with_the_bandwidth(seed: int, n: int) -> None:
    values = smece_at(bin_predictions(*beta_sample(seed, n), GRID), np.geomspace(1e-3, 1.0, 40))
    assert np.diff(values).max() <= 1e-12


unit = st.floats(0.0, 1.0, allow_subnormal=False)
predictions = hnp.arrays(np.float64, st.shared(st.integers(1, 40), key="n"), elements=unit)
outcomes = hnp.arrays(np.int64, st.shared(st.integers(1, 40), key="n"), elements=st.integers(0, 1))


@given(p=predictions, y=outcomes)
def test_lies_between_the_mean_residual_and_the_ece(p: np.ndarray, y: np.ndarray) -> None:
    value = smece(p, y)
    assert abs(np.mean(p - y)) - 1e-6 <= value <= support_ece(p, y) + 1e-6
    assert 0.0 <= value <= 1.0


@given(p=predictions, y=outcomes, seed=st.integers(0, 100))
def test_order_repetition_and_mirror_do_not_matter(p: np.ndarray, y: np.ndarray, seed: int) -> None:
    value = smece(p, y)
    order = np.random.default_rng(seed).permutation(p.size)
    assert smece(p[order], y[order]) == pytest.approx(value, abs=1e-6)
    assert smece(np.tile(p, 3), np.tile(y, 3)) == pytest.approx(value, abs=1e-6)
    assert smece(1.0 - p, 1 - y) == pytest.approx(value, abs=1e-6)


def test_chunks_and_nested_grids_agree() -> None:
    p, y = calibrated_uniform(10**6, stream("chunks"))
    whole = bin_predictions(p, y, GRID, chunk=p.size)
    parts = bin_predictions(p, y, GRID, chunk=70001)
    for name in ("residual", "mass", "label"):
        np.testing.assert_allclose(getattr(whole, name), getattr(parts, name), atol=1e-15)
    assert solve(whole, 1e-7) == pytest.approx(float(solve(parts, 1e-7)), abs=1e-12)
    assert whole.mass.sum() == pytest.approx(1.0)
    assert whole.residual.sum() == pytest.approx(np.mean(p - y), abs=1e-12)
    assert smooth_ece(p, y, 2**12, 1e-7) == pytest.approx(float(solve(whole, 1e-7)), abs=1e-6)


def test_replicates_equal_a_loop_over_them() -> None:
    samples = [bin_predictions(*beta_sample(seed, 200), 2**11) for seed in range(6)]
    stacked = Binned(
        200, *(np.stack([getattr(b, k) for b in samples]) for k in ("residual", "mass", "label"))
    )
    values = solve(stacked, 1e-8)
    assert values == pytest.approx([float(solve(b, 1e-8)) for b in samples], abs=2e-8)
    assert smece_at(stacked, values) == pytest.approx(values, abs=1e-6)


def test_grid_is_refined_until_it_resolves_the_bandwidth() -> None:
    p, y = two_points(1e-5)  # smECE 0.002 = 0.5 steps of the grid asked for
    value, binned = solve_refined(p, y, 2**8, 1e-7)
    assert value == pytest.approx(two_points_smooth_ece(1e-5), abs=1e-6)
    assert binned.grid_size > 2**8
    assert binned.grid_size * value >= 20
    _, floor = solve_refined(*two_points(1e-12), 2**8, 1e-7)
    assert floor.grid_size == MAX_GRID_SIZE


def test_perfect_predictions_have_none() -> None:
    y = np.arange(30) % 3 == 0
    assert smece(y, y) == 0.0


@pytest.mark.parametrize(
    ("p", "y", "message"),
    [
        ([0.5, 0.2], [1], r"p has shape \(2,\), y \(1,\)"),
        ([[0.5]], [[1]], r"must be \(N,\)"),
        ([], [], "empty"),
        ([0.5, 1.1], [0, 1], r"p holds 0.5 to 1.1"),
        ([0.5, 0.1], [0, 2], r"y holds 0.0 to 2.0"),
        ([0.5, float("nan")], [0, 1], "p holds nan"),
    ],
)
def test_refuses_what_is_no_prediction(p: Any, y: Any, message: str) -> None:
    with pytest.raises(LemmataError, match=message):
        smece(p, y)


def test_refuses_a_grid_or_tolerance_without_meaning() -> None:
    with pytest.raises(LemmataError, match="grid_size = 1"):
        smooth_ece([0.5], [1], 1, 1e-6)
    with pytest.raises(LemmataError, match="tolerance = 0"):
        smooth_ece([0.5], [1], 4, 0.0)


def relplot_smece(p: np.ndarray, y: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # relplot's own imports and divisions
        import relplot

        return float(relplot.smECE(p, np.asarray(y, dtype=np.float64)))


def real_cases() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Cross-validated logistic regressions on scikit-learn's bundled data sets."""
    loaders: dict[str, Callable[..., Any]] = {
        "breast_cancer": datasets.load_breast_cancer,
        "wine": datasets.load_wine,
        "digits": datasets.load_digits,
        "diabetes": datasets.load_diabetes,
    }
    for name, loader in loaders.items():
        x, target = loader(return_X_y=True)
        cuts = np.quantile(target, [0.3, 0.5, 0.7]) if name == "diabetes" else np.unique(target)[:4]
        for cut in cuts:
            y = (target > cut if name == "diabetes" else target == cut).astype(np.int64)
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05))
            p = cross_val_predict(model, x[:, :12], y, cv=3, method="predict_proba")[:, 1]
            yield f"{name}-{cut:g}", p, y


def test_agrees_with_relplot_where_predictions_keep_off_the_ends() -> None:
    cases = [(f"beta-{seed}", *beta_sample(seed, 200 * (seed + 1))) for seed in range(24)]
    cases += [("curve", *oscillating(1000, stream("curve")))]
    cases += list(real_cases())
    checked = 0
    for name, p, y in cases:
        inside = (p > 0.005) & (p < 0.995)
        assert inside.sum() >= 100, name
        p, y = p[inside], y[inside]
        ours = smece(p, y)
        # relplot's bisection has steps of 1/1024 and ends at the upper end, hence below
        assert relplot_smece(p, y) == pytest.approx(ours, abs=1e-3), name
        checked += 1
    assert checked >= 30


def test_relplot_halves_the_ends_and_this_does_not() -> None:
    p, y = mixed_endpoints(20000, 0.5, stream("ends"))  # ECE 0.1
    assert smece(p, y) == pytest.approx(0.1, rel=0.1)
    assert relplot_smece(p, y) == pytest.approx(0.0713, abs=0.01)  # as its authors' code has it
