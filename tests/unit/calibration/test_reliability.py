"""Curve, bootstrap and null of reliability diagrams against plain versions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lemmata.calibration.populations import (
    calibrated_uniform,
    mixed_endpoints,
    one_signed,
    one_signed_smooth_ece,
    oscillating,
)
from lemmata.calibration.reliability import (
    ReliabilitySettings,
    bootstrap,
    calibrated_null,
    count_atoms,
    curve_at,
    reliability,
    weighted_area,
)
from lemmata.calibration.smooth_ece import bin_predictions, smooth_ece, solve
from lemmata.errors import LemmataError
from tests import reference
from tests.reference import stream

SETTINGS = ReliabilitySettings(
    grid_size=2**14,
    tolerance=1e-6,
    curve_nodes=128,
    replicates=400,
    null_replicates=400,
    level=0.95,
    seed=0,
)


def sample(n: int) -> tuple[np.ndarray, np.ndarray]:
    return oscillating(n, stream("test_reliability", n))


@pytest.mark.parametrize("s", [0.02, 0.1, 0.6])
def test_curve_and_density_equal_quadrature(s: float) -> None:
    p, y = sample(300)
    p[:30] = 1.0
    mu, density = curve_at(bin_predictions(p, y, 2**14), s)
    t = np.linspace(0.0, 1.0, 2**14 + 1)[:: 2**8]
    expected_mu, expected_density = reference.curve_by_quadrature(t, p, y.astype(float), s)
    np.testing.assert_allclose(mu[:: 2**8], expected_mu, atol=1e-5)
    np.testing.assert_allclose(density[:: 2**8], expected_density, rtol=1e-4)


def test_density_integrates_to_one_and_curve_ends_where_the_predictions_end() -> None:
    rng = stream("narrow")
    p = 0.4 + 0.02 * rng.random(500)
    mu, density = curve_at(bin_predictions(p, rng.random(500) < 0.4, 2**12), 0.01)
    assert np.trapezoid(density, dx=1 / 2**12) == pytest.approx(1.0, abs=1e-9)
    assert np.isnan(mu[0])
    assert np.isnan(mu[-1])
    assert 0.3 < mu[int(0.41 * 2**12)] < 0.5


def test_area_is_the_integral_of_the_drawn_gap() -> None:
    p, y = sample(400)
    binned = bin_predictions(p, y, 2**12)
    mu, density = curve_at(binned, 0.05)
    t = np.linspace(0.0, 1.0, 2**12 + 1)
    assert weighted_area(binned, 0.05) == pytest.approx(
        np.trapezoid(np.abs(mu - t) * density, t), abs=1e-12
    )


def test_atoms_count_everything_once() -> None:
    p, y = mixed_endpoints(5000, 0.5, stream("atoms"))
    atoms = count_atoms(p, y, 256)
    assert atoms.n == 5000
    assert (atoms.count * atoms.position).sum() == pytest.approx(p.sum())
    assert (atoms.count * atoms.y).sum() == y.sum()
    assert atoms.count.size <= 512
    assert atoms.position.max() <= 1.0


def test_bootstrap_has_the_distribution_of_plain_resampling() -> None:
    p, y = sample(500)
    fast = solve(bootstrap(count_atoms(p, y, 2**11), 2000, stream("fast")), 1e-6)
    rng = stream("plain")
    draws = rng.integers(0, 500, (600, 500))
    plain = np.array([smooth_ece(p[i], y[i], 2**11, 1e-5) for i in draws])
    error = plain.std() / np.sqrt(plain.size)
    assert fast.mean() == pytest.approx(plain.mean(), abs=4 * error)
    assert fast.std() == pytest.approx(plain.std(), rel=0.12)
    for q in (0.05, 0.95):
        assert np.quantile(fast, q) == pytest.approx(np.quantile(plain, q), abs=9 * error)


def test_bands_equal_those_of_plain_resampling() -> None:
    p, y = sample(400)
    s = smooth_ece(p, y, 2**12, 1e-6)
    _, curve = reliability(p, y, dataclasses.replace(SETTINGS, replicates=2000, curve_nodes=64))
    assert s > 1 / 64  # else the curve is drawn smoother
    curve = curve[::4]
    draws = stream("bands").integers(0, 400, (1000, 400))
    plain = np.stack([curve_at(bin_predictions(p[i], y[i], 2**8), s)[0] for i in draws])[:, ::16]
    for name, q in (("lower", 0.025), ("upper", 0.975)):
        np.testing.assert_allclose(curve[name], np.quantile(plain, q, axis=0), atol=0.025)


def test_null_is_that_of_drawing_labels_from_the_predictions() -> None:
    p, _ = mixed_endpoints(400, 0.3, stream("null"))
    fast = solve(calibrated_null(count_atoms(p, p > 0.5, 2**11), 2000, stream("fast null")), 1e-6)
    rng = stream("plain null")
    plain = np.array([smooth_ece(p, rng.random(400) < p, 2**11, 1e-5) for _ in range(600)])
    error = plain.std() / np.sqrt(plain.size)
    assert fast.mean() == pytest.approx(plain.mean(), abs=4 * error)
    assert np.quantile(fast, 0.95) == pytest.approx(np.quantile(plain, 0.95), abs=9 * error)


def test_summary_tells_calibrated_from_not() -> None:
    good, _ = reliability(*calibrated_uniform(2000, stream("good")), SETTINGS)
    bad, curve = reliability(*one_signed(2000, 1.5, stream("bad")), SETTINGS)
    assert good["p_value"].item() > 0.05
    assert bad["p_value"].item() == pytest.approx(1 / 401)
    assert bad["smooth_ece"].item() > bad["null_upper"].item() > bad["null_mean"].item()
    for summary in (good, bad):
        assert (
            0.0
            <= summary["lower"].item()
            <= summary["smooth_ece"].item()
            <= summary["upper"].item()
        )
    assert bad["lower"].item() < one_signed_smooth_ece(1.5) < bad["upper"].item()
    assert (curve["lower"] <= curve["upper"]).all()
    inner = curve.query("0.1 < t < 0.9")
    covered = inner["t"].pow(1.5).between(inner["lower"] - 0.02, inner["upper"] + 0.02)
    assert covered.mean() > 0.8


def test_seed_decides_the_result() -> None:
    p, y = sample(300)
    first, second = (reliability(p, y, SETTINGS) for _ in range(2))
    assert first[0].equals(second[0])
    assert first[1].equals(second[1])
    other, _ = reliability(p, y, dataclasses.replace(SETTINGS, seed=1))
    assert other["lower"].item() != first[0]["lower"].item()
    assert other["smooth_ece"].item() == first[0]["smooth_ece"].item()


def test_needs_binary_outcomes() -> None:
    with pytest.raises(LemmataError, match="outcomes 0 or 1"):
        reliability([0.2, 0.4], [0.5, 1.0], SETTINGS)


def test_perfect_hard_predictions() -> None:
    y = np.arange(40) % 2
    summary, curve = reliability(
        y, y, dataclasses.replace(SETTINGS, replicates=40, null_replicates=40)
    )
    assert summary[["smooth_ece", "lower", "upper", "null_upper"]].to_numpy().tolist() == [
        [0, 0, 0, 0]
    ]
    assert curve["mu"].iloc[[0, -1]].tolist() == pytest.approx([0.0, 1.0], abs=1e-9)
    assert curve["mu"].iloc[64:65].isna().all()


def test_mesh_must_nest_in_the_grid() -> None:
    with pytest.raises(LemmataError, match="curve_nodes = 100"):
        reliability([0.2, 0.9], [0, 1], dataclasses.replace(SETTINGS, curve_nodes=100))
