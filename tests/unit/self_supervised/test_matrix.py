"""Matrices: gradients by finite differences, flow and descent against the scalar theory."""

from __future__ import annotations

from itertools import islice, repeat

import numpy as np
import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.self_supervised.linear import data
from lemmata.self_supervised.linear.data import Moments, diagonal, estimated
from lemmata.self_supervised.linear.descent import batch, critical_steps, descend
from lemmata.self_supervised.linear.matrix import (
    aligned_start,
    amplitudes,
    flow,
    gaussian_start,
    gradients,
    random_start,
    rotated_start,
    unit_decoder_start,
)
from lemmata.self_supervised.linear.scalar import OBJECTIVES, amplitude, critical_time
from lemmata.self_supervised.studies.five_features import SHARE, features, theory
from tests.reference import stream

DEVICES = [
    torch.device("cpu"),
    pytest.param(
        torch.device("cuda"),
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
    ),
]
# Critical times of JEPA and MAE, lambda growing while rho falls, start 0.001.
REVERSED = {
    1: ([1005, 915, 839, 776, 721], [6.31, 5.65, 5.09, 4.62, 4.21]),
    2: ([11137, 10241, 9553, 8976, 8563], [30.5, 27.6, 25.3, 23.2, 21.5]),
    3: ([23272, 21884, 21157, 20656, 20968], [49.6, 45.0, 41.2, 38.0, 35.2]),
    5: ([40850, 41009, 44579, 50165, 63984], [62.8, 57.1, 52.3, 48.3, 44.8]),
}


def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = stream("views")
    x = rng.standard_normal((30, 3))
    return x, x @ rng.standard_normal((3, 3)) + rng.standard_normal((30, 3))


def loss(objective, factors, target, x, y):
    """The mean loss, sample by sample, with the target's encoder given apart: stopped."""

    def encode(own, view):
        for layer in own[:-1]:
            view = layer @ view
        return view

    aims = [encode(target, b) if objective == "jepa" else b for b in y]
    errors = [factors[-1] @ encode(factors, a) - aim for a, aim in zip(x, aims, strict=True)]
    return 0.5 * np.mean([e @ e for e in errors])


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_gradients_by_finite_differences(objective, depth):
    x, y = samples()
    factors = stream("factors", depth).standard_normal((depth + 1, 3, 3))
    moments = estimated(x, y)
    found, encoder = gradients(objective, list(factors), moments.xx, moments.yx)
    np.testing.assert_allclose(encoder, np.linalg.multi_dot([*factors[:-1][::-1], np.eye(3)]))
    for place in np.ndindex(factors.shape):
        step = np.zeros_like(factors)
        step[place] = 1e-5
        ends = [loss(objective, factors + s * step, factors, x, y) for s in (1, -1)]
        slope = (ends[0] - ends[1]) / 2e-5
        assert found[place[0]][place[1:]] == pytest.approx(slope, abs=1e-7 * (1 + abs(slope)))


def test_gradients_of_a_batch_are_those_of_its_members():
    moments = estimated(*samples())
    many = stream("batch").standard_normal((3, 7, 3, 3))  # (L + 1, B, D, D)
    for objective in OBJECTIVES:
        found, _ = gradients(objective, list(many), *moments)
        for b in range(7):
            one, _ = gradients(objective, list(many[:, b]), *moments)
            np.testing.assert_allclose(np.stack(found)[:, b], one, rtol=1e-12)


@pytest.mark.parametrize(("depth", "expected"), REVERSED.items())
def test_flow_learns_when_theory_says(depth, expected):
    lam, rho = features("reversed")
    for objective, known in zip(OBJECTIVES, expected, strict=True):
        times, limits = theory(objective, depth, lam, rho, 1e-3)
        np.testing.assert_allclose(times, known, rtol=2.5e-3)  # they have three digits
        asked = np.linspace(0.0, 1.1 * times.max(), 7)
        found = flow(
            objective, aligned_start(depth, 5, 1e-3), diagonal(lam, rho), asked, SHARE * limits
        )
        np.testing.assert_allclose(found.crossings, times, rtol=2e-5)
        closed = [
            amplitude(objective, asked, depth, a, r, 1e-3) for a, r in zip(lam, rho, strict=True)
        ]
        np.testing.assert_allclose(amplitudes(found.encoders), np.transpose(closed), rtol=2e-3)
        assert np.abs(found.encoders * (1 - np.eye(5))).max() == 0.0
        balance = amplitudes(found.decoders) ** depth
        np.testing.assert_allclose(balance, amplitudes(found.encoders), rtol=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_any_rotation_of_the_aligned_start_is_aligned(objective):
    lam, rho = features("reversed")
    times, limits = theory(objective, 5, lam, rho, 1e-3)
    start = rotated_start(objective, 5, 5, 1e-3, stream("rotation"))
    found = flow(
        objective, start, diagonal(lam, rho), np.array([0.0, 1.1 * times.max()]), SHARE * limits
    )
    np.testing.assert_allclose(found.crossings, times, rtol=1e-5)


def test_starts_are_what_they_are_called():
    s0 = 1e-3 ** (1 / 4)
    rotated, random = (make(4, 3, 1e-3, stream("start")) for make in (_jepa_rotated, random_start))
    for factor in [*rotated, *random]:
        np.testing.assert_allclose(factor @ factor.T, s0**2 * np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotated[-1], s0 * np.eye(3))
    assert np.abs(random[-1] - s0 * np.eye(3)).max() > 0.1 * s0
    mae = rotated_start("mae", 4, 3, 1e-3, stream("start"))
    whole = mae[4] @ mae[3] @ mae[2] @ mae[1] @ mae[0]
    np.testing.assert_allclose(whole, s0**5 * np.eye(3), atol=1e-12)
    unit = unit_decoder_start(4, 3, 1e-3)
    np.testing.assert_array_equal(unit[-1], np.eye(3))
    np.testing.assert_allclose(unit[0], s0 * np.eye(3))
    normal = gaussian_start(2, 200, 1e-3, stream("normal"))
    assert np.mean(normal**2) * 200 == pytest.approx(1e-3, rel=0.02)


def _jepa_rotated(depth, dimension, eps, rng):
    return rotated_start("jepa", depth, dimension, eps, rng)


def test_levels_that_are_not_reached_or_not_asked_for_have_no_crossing():
    moments = diagonal([1.0, 1.0, 1.0], [0.9, 0.8, 0.7])
    levels = np.array([0.45, np.nan, 5.0])
    found = flow("mae", aligned_start(1, 3, 1e-2), moments, np.array([0.0, 20.0]), levels)
    assert np.isfinite(found.crossings).tolist() == [True, False, False]


@pytest.mark.parametrize("device", [None, *DEVICES])
def test_descent_of_a_batch_of_depths_follows_theory(device):
    lam, rho = features("reversed")
    depths, eps = (1, 2, 3), 1e-2
    # What a step moves is larger against MAE's shorter times.
    for objective, rates in (("jepa", (0.1, 0.1, 0.2)), ("mae", (0.02, 0.02, 0.03))):
        known = [theory(objective, depth, lam, rho, eps) for depth in depths]
        levels = np.stack([np.where(np.isnan(t), np.nan, SHARE * limit) for t, limit in known])
        runs = batch([aligned_start(depth, 5, eps) for depth in depths], rates)
        states = descend(objective, runs, repeat(diagonal(lam, rho)), device)
        found = critical_steps(states, levels, 6000) * np.array(rates)[:, None]
        expected = np.stack([t for t, _ in known])
        np.testing.assert_allclose(found, expected, rtol=0.03)


def test_a_batch_is_its_members():
    moments = estimated(*samples())
    starts = [rotated_start("jepa", depth, 3, 0.1, stream("member", depth)) for depth in (1, 3)]
    runs = batch(starts, [0.1, 0.02])
    *_, (encoder, decoder) = islice(descend("jepa", runs, repeat(moments)), 51)
    for b, (start, rate) in enumerate(zip(starts, (0.1, 0.02), strict=True)):
        state = list(start)
        for _ in range(50):
            slopes, _ = gradients("jepa", state, *moments)
            state = [w - rate * g for w, g in zip(state, slopes, strict=True)]
        product = np.linalg.multi_dot([*state[:-1][::-1], np.eye(3)])
        np.testing.assert_allclose(encoder[b], product, rtol=1e-10)
        np.testing.assert_allclose(decoder[b], state[-1], rtol=1e-10)


def test_crossings_between_steps_are_interpolated_in_the_logarithm():
    sizes = [1.0, 2.0, 4.0, 8.0]
    states = [(np.array([[[s, 0.0], [0.0, 1.0]]]), None) for s in sizes]
    levels = np.array([[np.sqrt(8.0), 3.0]])
    found = critical_steps(iter(states), levels, 10)
    assert found[0, 0] == pytest.approx(1.5)
    assert np.isnan(found[0, 1])


def test_divergence_is_told():
    runs = batch([aligned_start(2, 3, 0.5)], [50.0])
    moments = diagonal([1.0, 1.0, 1.0], [0.9, 0.8, 0.7])
    with np.errstate(all="ignore"), pytest.raises(LemmataError, match="diverged by step"):
        critical_steps(descend("mae", runs, repeat(moments)), np.full((1, 3), 1e300), 5000)


def test_temporal_moments_are_those_of_samples():
    worked = list(data.WORKED.values())
    lam, rho = data.temporal_parameters(worked)
    np.testing.assert_allclose(lam, [0.95, 0.95, 1.05, 1.4, 1.2])
    np.testing.assert_allclose(rho, [0.95, 0.633333, 0.7, 0.35, 0.3], rtol=1e-6)
    seen = estimated(*data.temporal_views(worked, 200_000, stream("temporal")))
    np.testing.assert_allclose(np.diag(seen.yx), lam, rtol=0.04)
    np.testing.assert_allclose(np.diag(seen.yx) / np.diag(seen.xx), rho, rtol=0.02)
    first = {
        name: critical_time("jepa", 4, a, r, 1e-3)
        for name, a, r in zip(data.WORKED, lam, rho, strict=True)
    }
    expected = {"A": 34304, "B": 40085, "C": 34597, "D": 43726, "E": 60096}
    assert first == pytest.approx(expected, rel=1e-4)


def test_masked_moments_are_those_of_samples_and_of_the_covariance():
    covariance, kept = data.ring_covariance(8, 2.0), 0.3
    spread, axes = np.linalg.eigh(covariance)
    lam, rho = data.masked_parameters(spread, kept, 1.0)
    whole = kept**2 * covariance + kept * (1 - kept) * np.eye(8)
    crossed = kept * (1 - kept) * (covariance - np.eye(8))
    np.testing.assert_allclose(axes.T @ crossed @ axes, np.diag(lam), atol=1e-12)
    np.testing.assert_allclose(axes.T @ whole @ axes, np.diag(lam / rho), atol=1e-12)
    seen = estimated(*data.masked_views(covariance, kept, 200_000, stream("masked")))
    np.testing.assert_allclose(seen.xx, whole, atol=6e-3)
    np.testing.assert_allclose(seen.yx, crossed, atol=6e-3)
    assert np.all(np.sign(lam) == np.sign(spread - 1.0))


def test_batches_have_the_moments_and_the_spread_of_samples():
    lam, rho = features("reversed")
    count, size = 3000, 40
    drawn = list(islice(data.gaussian_batches(lam, rho, size, [stream("batches")]), count))
    xx, yx = (np.stack(part)[:, 0] for part in zip(*drawn, strict=True))
    exact = diagonal(lam, rho)
    np.testing.assert_allclose(xx.mean(0), exact.xx, atol=0.03)
    np.testing.assert_allclose(yx.mean(0), exact.yx, atol=0.03)
    rng = stream("points")
    points = [estimated(*data.gaussian_views(lam, rho, size, rng)) for _ in range(count)]
    for ours, theirs in zip((xx, yx), zip(*points, strict=True), strict=True):
        np.testing.assert_allclose(ours.std(0), np.std(theirs, axis=0), rtol=0.08)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diagonal([1.0], [0.5, 0.6]), r"lambda \(1,\), rho \(2,\)"),
        (lambda: diagonal([1.0], [0.0]), "rho positive"),
        (lambda: estimated(np.ones((3, 2)), np.ones((3, 1))), "need two"),
        (lambda: next(data.gaussian_batches(np.ones(5), np.ones(5), 9, [])), "must be >= 10"),
        (lambda: data.gaussian_views(np.ones(1), np.array([1.2]), 3, stream("no")), "rho = 1.2"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(LemmataError, match=message):
        call()


def test_moments_hold_y_times_x_transposed():
    x, y = samples()
    assert isinstance(estimated(x, y), Moments)
    np.testing.assert_allclose(
        estimated(x, y).yx, np.mean([np.outer(b, a) for a, b in zip(x, y, strict=True)], axis=0)
    )
