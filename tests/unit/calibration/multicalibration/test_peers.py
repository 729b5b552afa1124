"""Against the published packages, where somebody has installed them; and numbers taken from them.

`pip install --no-deps multicalibration==0.0.2 tqdm` and `pip install mcgrad==0.1.5` bring them.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import numpy as np
import pytest

from lemmata.calibration.cumulative import cumulative_errors, range_survival
from lemmata.calibration.group_smooth_ece import group_smooth_ece
from lemmata.calibration.multicalibration.boosting import Boosted
from lemmata.calibration.multicalibration.hjz import HJZ
from lemmata.calibration.multicalibration.hkrr import HKRR
from lemmata.calibration.multicalibration.mcgrad_peer import McGradPeer
from tests.unit.calibration.multicalibration.test_boosting import sample as biased
from tests.unit.calibration.multicalibration.test_hkrr import sample

LEARNERS = {
    "hedge": "Hedge",
    "mlprod": "MLProd",
    "online_gradient_descent": "OnlineGradientDescent",
    "optimistic_hedge": "OptimisticHedge",
}


def official(algorithm: str, parameters: dict, p, y, groups, fresh, fresh_groups):
    """Fit and predict with the authors' package."""
    package = pytest.importorskip("multicalibration", reason="its package is not installed")
    vars(np).setdefault("alltrue", np.all)  # its code was written for NumPy 1
    model = package.MulticalibrationPredictor(algorithm)
    lists, others = ([np.flatnonzero(m) for m in g.T] for g in (groups, fresh_groups))
    with contextlib.redirect_stderr(io.StringIO()):
        model.fit(p.copy(), y.astype(float), [list(m) for m in lists], parameters)
        return model.predict(fresh.copy(), [list(m) for m in others])


def interior(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    p, y, groups = sample(seed, n=n)
    return 0.01 + 0.97 * p, y, groups  # edges of bins are another matter in floating point


@pytest.mark.parametrize("seed", range(3))
def test_hkrr_without_chance_equals_the_package(seed: int) -> None:
    p, y, groups = interior(seed, 500)
    fresh, _, fresh_groups = interior(seed + 10, 200)
    parameters = {
        "lambda": 0.1,
        "alpha": 0.1,
        "max_iter": 1000,
        "randomized": False,
        "use_oracle": False,
    }
    theirs = official("HKRR", parameters, p, y, groups, fresh, fresh_groups)
    ours = HKRR(0.1, oracle=False, shuffle=False).fit(p, y, groups).predict(fresh, fresh_groups)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("learner", LEARNERS)
def test_hjz_with_best_response_equals_the_package(
    learner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    adversary = pytest.importorskip(
        "multicalibration.HJZ.adversary", reason="its package is not installed"
    )
    errors = adversary.calculate_calibration_errors
    # Equal errors of the two classes are equal here, so that both take the first.
    monkeypatch.setattr(
        adversary, "calculate_calibration_errors", lambda *given: np.round(errors(*given), 10)
    )
    p, y, groups = interior(4, 300)
    fresh, _, fresh_groups = interior(14, 150)
    parameters = {
        "algorithm": LEARNERS[learner],
        "other_algorithm": "None",
        "lr": 0.9,
        "other_lr": 0.9,
        "n_bins": 10,
        "iterations": 30,
    }
    theirs = official("HJZ", parameters, p, y, groups, fresh, fresh_groups)
    model = HJZ(learner, 0.9, official=True).fit(p, y, groups)  # type: ignore[arg-type]
    np.testing.assert_allclose(model.predict(fresh, fresh_groups), theirs, atol=1e-9)


def test_boosting_does_what_mcgrad_does() -> None:
    pytest.importorskip("mcgrad", reason="its package is not installed")
    logging.getLogger("mcgrad").setLevel(logging.CRITICAL)
    p, y, groups = biased(1.2)
    fresh = (y[3000:], groups[3000:], 1024, 1e-5)
    worst = []
    for model in (McGradPeer(), Boosted()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = model.fit(p[:3000], y[:3000], groups[:3000]).predict(p[3000:], groups[3000:])
        worst.append(group_smooth_ece(out, *fresh).max())
    assert worst[1] == pytest.approx(worst[0], abs=0.01)


def test_cumulative_errors_are_those_of_mcgrad() -> None:
    """0.1815, 0.022422 and 3.88198 were printed by mcgrad 0.1.5 for these numbers."""
    assert float(range_survival(2.0)) == pytest.approx(0.18149433939418735, abs=1e-12)
    p, y, _ = biased(1.2)
    ecce, sigma = cumulative_errors(p, y, np.ones((len(p), 1), bool))
    assert ecce[0] == pytest.approx(0.022422141717898504, rel=1e-9)
    assert ecce[0] / sigma[0] == pytest.approx(3.881978759329132, rel=1e-9)
