"""Boosting repairs what is off by group and leaves calibrated predictions alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.boosting import Boosted, _factor
from lemmata.calibration.recalibration import logit
from lemmata.errors import LemmataError
from tests.reference import stream


def sample(bias: float, n: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = stream("boosting", round(bias * 10))
    groups = rng.random((n, 6)) < 0.3
    p = rng.beta(2.0, 3.0, n)
    truth = expit(logit(p) + bias * groups[:, 0] - bias * groups[:, 1])
    return p, (rng.random(n) < truth).astype(np.int64), groups


def test_calibrated_predictions_come_back_unchanged() -> None:
    p, y, groups = sample(0.0)
    model = Boosted().fit(p, y, groups)
    assert model.rounds_ == 0
    assert np.array_equal(model.predict(p, groups), p)


def test_repairs_a_bias_of_groups_on_fresh_rows() -> None:
    p, y, groups = sample(1.2)
    half = len(p) // 2
    model = Boosted().fit(p[:half], y[:half], groups[:half])
    assert model.rounds_ >= 1
    fresh = (y[half:], groups[half:], 1024, 1e-5)
    before = group_smooth_ece(p[half:], *fresh).max()
    after = group_smooth_ece(model.predict(p[half:], groups[half:]), *fresh).max()
    assert before > 0.15
    assert after < 0.5 * before


def test_deterministic_to_the_byte_and_a_function_of_its_arguments() -> None:
    p, y, groups = sample(1.2, n=2000)
    first, again = (Boosted().fit(p, y, groups).predict(p, groups) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    model = Boosted().fit(p, y, groups)
    order = stream("order").permutation(len(p))
    np.testing.assert_array_equal(model.predict(p[order], groups[order]), first[order])


def test_factor_undoes_shrinkage() -> None:
    rng = stream("factor")
    score = rng.normal(0.0, 1.5, 40_000)
    y = (rng.random(score.size) < expit(score)).astype(np.int64)
    assert _factor(0.4 * score, y) == pytest.approx(2.5, rel=0.04)


def test_few_rows_and_parameters() -> None:
    p, y, _ = sample(1.2)
    assert Boosted().fit(p[:3], y[:3], np.ones((3, 1), bool)).rounds_ == 0
    with pytest.raises(LemmataError, match="folds = 1"):
        Boosted(folds=1)
    with pytest.raises(LemmataError, match="trees = 0"):
        Boosted(trees=0)
