"""Classical recalibration against scikit-learn, grids and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from lemmata.calibration.recalibration import (
    Isotonic,
    MulticlassTemperature,
    Platt,
    Temperature,
    logit,
)
from lemmata.errors import LemmataError
from tests.reference import stream


def sample(n: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = stream("recalibration")
    p = rng.beta(1.0, 1.5, n)
    y = (rng.random(n) < expit(0.6 * logit(p) - 0.3)).astype(np.int64)
    return p, y, np.ones((n, 1), dtype=bool)


def test_platt_finds_the_truth_and_equals_scikit_learn() -> None:
    p, y, groups = sample(40_000)
    model = Platt().fit(p, y, groups)
    assert model.coefficients_ == pytest.approx([0.6, -0.3], abs=0.05)
    for on, score in (("logits", logit(p)), ("probabilities", p)):
        theirs = _SigmoidCalibration().fit(score, y).predict(score)
        ours = Platt(on=on).fit(p, y, groups).predict(p, groups)  # type: ignore[arg-type]
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_platt_takes_labels_of_one_kind() -> None:
    p, _, groups = sample(100)
    out = Platt().fit(p, np.ones(100, dtype=int), groups).predict(p, groups)
    assert out == pytest.approx(np.full(100, 101 / 102), abs=0.01)


def test_isotonic_is_scikit_learns_and_never_worse_in_sample() -> None:
    p, y, groups = sample()
    out = Isotonic().fit(p, y, groups).predict(p, groups)
    expected = IsotonicRegression(out_of_bounds="clip").fit_transform(p, y)
    np.testing.assert_allclose(out, expected, atol=1e-12)
    assert np.mean((out - y) ** 2) < np.mean((p - y) ** 2)


def test_temperature_is_the_best_of_a_grid_and_undoes_a_known_one() -> None:
    rng = stream("temperature")
    truth = rng.beta(1.0, 1.0, 50_000)
    y = (rng.random(truth.size) < truth).astype(np.int64)
    groups = np.ones((truth.size, 1), dtype=bool)
    sharpened = expit(2.5 * logit(truth))
    model = Temperature().fit(sharpened, y, groups)
    assert model.temperature_ == pytest.approx(2.5, rel=0.03)
    z, sign = logit(sharpened), 2 * y - 1

    def loss(t: float) -> float:
        return float(np.logaddexp(0.0, -sign * z / t).mean())

    assert loss(model.temperature_) <= min(loss(t) for t in np.linspace(1.0, 5.0, 401)) + 1e-12


def test_official_temperature_is_confined() -> None:
    """Probabilities for logits: at T = 0.2 nothing leaves [0.0067, 0.9933]."""
    p = np.repeat([0.0, 1.0], 500)
    y = p.astype(int)
    groups = np.ones((1000, 1), dtype=bool)
    model = Temperature(official=True).fit(p, y, groups)
    assert model.temperature_ == pytest.approx(0.2)
    assert model.predict(p, groups)[[0, -1]] == pytest.approx([expit(-5), expit(5)])
    own = Temperature().fit(p, y, groups).predict(p, groups)
    assert own[0] < 1e-6


def test_multiclass_temperature() -> None:
    rng = stream("multiclass")
    scores = rng.normal(0.0, 2.0, (20_000, 4))
    truth = softmax(scores, axis=1)
    y = (rng.random((20_000, 1)) > truth.cumsum(axis=1)).sum(axis=1)
    sharp = softmax(3.0 * scores, axis=1)
    model = MulticlassTemperature().fit(sharp, y)
    assert model.temperature_ == pytest.approx(3.0, rel=0.1)  # clipping at 1e-6 costs a little
    out = model.predict(sharp)
    assert out.sum(axis=1) == pytest.approx(1.0)
    assert np.array_equal(out.argmax(axis=1), sharp.argmax(axis=1))
    binary = softmax(scores[:, :2], axis=1)
    labels = (rng.random(20_000) < binary[:, 1]).astype(np.int64)
    one = MulticlassTemperature().fit(binary, labels).temperature_
    other = Temperature().fit(binary[:, 1], labels, np.ones((20_000, 1), bool)).temperature_
    assert one == pytest.approx(other, rel=1e-3)


def test_refusals() -> None:
    p, y, groups = sample(50)
    with pytest.raises(LemmataError, match="allowed: logits, probabilities"):
        Platt(on="odds")  # type: ignore[arg-type]
    with pytest.raises(LemmataError, match=r"must be \(N, K\)"):
        MulticlassTemperature().fit(p, y)
    with pytest.raises(LemmataError, match="2 are given, the model knows 1"):
        Isotonic().fit(p, y, groups).predict(p, np.ones((50, 2), bool))
