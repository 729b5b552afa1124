"""Classical recalibration: Platt, isotonic, temperature. Groups are accepted and not looked at.

Platt (1999), Zadrozny, Elkan (2002), Guo, Pleiss, Sun, Weinberger (2017); baselines of Hansen,
Devic, Nakkiran, Sharan, arXiv 2406.06487. Each maps p (N,) to p (N,) by one function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.isotonic import IsotonicRegression

from lemmata.calibration.multicalibration.inputs import (
    Floats,
    checked_groups,
    checked_inputs,
    checked_predictions,
)
from lemmata.errors import LemmataError

LEAST_P: Final = 1e-6
"""Hard predictions have no logit: probabilities are kept this far from 0 and 1."""
TEMPERATURES: Final = (1e-2, 1e2)
"""Where the temperature is looked for; an end is taken where the likelihood still grows there."""
OFFICIAL_GRID: Final = tuple(np.arange(1, 21) / 5)
"""0.2, 0.4, ..., 4.0 [official code]."""


def logit(p: Floats) -> Floats:
    """log(p / (1 - p)) of p clipped to [1e-6, 1 - 1e-6]."""
    x = np.clip(p, LEAST_P, 1.0 - LEAST_P)
    return np.log(x) - np.log1p(-x)


class _Recalibration(ABC):
    """One function of the prediction; subclasses fit and apply it."""

    n_groups_: int

    def fit(self, p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> Self:
        """Fit on p (N,), y (N,) in {0, 1}, groups (N, G); raises LemmataError for bad input."""
        x, outcome, flags = checked_inputs(p, y, groups)
        self.n_groups_ = flags.shape[1]
        self._fit(x, outcome)
        return self

    def predict(self, p: ArrayLike, groups: ArrayLike) -> Floats:
        """Recalibrated p (N,); raises LemmataError for bad input."""
        x = checked_predictions(p)
        checked_groups(groups, len(x), self.n_groups_)
        return np.clip(self._apply(x), 0.0, 1.0)

    @abstractmethod
    def _fit(self, x: Floats, y: NDArray[np.int64]) -> None:
        """Fit on checked p and y (N,)."""

    @abstractmethod
    def _apply(self, x: Floats) -> Floats:
        """The function of checked p (N,), not yet cut to [0, 1]."""


class Platt(_Recalibration):
    """sigmoid(a logit(p) + b) by maximum likelihood; on="probabilities" takes p for logit(p).

    Labels count as Platt's targets, (N_1 + 1) / (N_1 + 2) and 1 / (N_0 + 2), so that labels of one
    kind, or separable ones, give a finite answer. The authors of arXiv 2406.06487 fit
    probabilities [official code], which for an uncalibrated model are one apart at most.
    """

    def __init__(self, on: Literal["logits", "probabilities"] = "logits") -> None:
        if on not in ("logits", "probabilities"):
            raise LemmataError(f"platt: on = {on!r}: allowed: logits, probabilities")
        self.on = on

    def _score(self, x: Floats) -> Floats:
        return logit(x) if self.on == "logits" else x

    def _fit(self, x: Floats, y: NDArray[np.int64]) -> None:
        score, ones = self._score(x), int(y.sum())
        target = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (len(y) - ones + 2))

        def loss(ab: Floats) -> tuple[float, Floats]:
            z = ab[0] * score + ab[1]
            off = expit(z) - target
            value = float((np.logaddexp(0.0, z) - target * z).mean())
            return value, np.array([(off * score).mean(), off.mean()])

        start = np.array([1.0, 0.0])
        options: Any = {"gtol": 1e-10, "ftol": 1e-15, "maxiter": 1000}
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
        self.coefficients_: Floats = found.x

    def _apply(self, x: Floats) -> Floats:
        found: Floats = expit(self.coefficients_[0] * self._score(x) + self.coefficients_[1])
        return found


class Isotonic(_Recalibration):
    """The monotone function of least squared error (scikit-learn's), constant beyond the ends."""

    def _fit(self, x: Floats, y: NDArray[np.int64]) -> None:
        self.model_ = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(x, y)

    def _apply(self, x: Floats) -> Floats:
        found: Floats = self.model_.predict(x)
        return found


class Temperature(_Recalibration):
    """sigmoid(logit(p) / T), T by maximum likelihood. For a network logit(p) is its real logit.

    official: T from the grid 0.2, 0.4, ..., 4, and 2 p - 1 for the logit, as the authors' code has
    it for models that only give probabilities: their two probabilities pass for logits.
    """

    def __init__(self, official: bool = False) -> None:
        self.official = official

    def _score(self, x: Floats) -> Floats:
        return 2.0 * x - 1.0 if self.official else logit(x)

    def _fit(self, x: Floats, y: NDArray[np.int64]) -> None:
        score, sign = self._score(x), 2.0 * y - 1.0

        def loss(log_t: float) -> float:
            return float(np.logaddexp(0.0, -sign * score / np.exp(log_t)).mean())

        if self.official:
            self.temperature_ = min(OFFICIAL_GRID, key=lambda t: loss(float(np.log(t))))
        else:
            self.temperature_ = _best(loss)

    def _apply(self, x: Floats) -> Floats:
        found: Floats = expit(self._score(x) / self.temperature_)
        return found


class MulticlassTemperature:
    """softmax(log p / T) for class probabilities p (N, K); T by maximum likelihood.

    Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017: log p is
    the logit up to a constant, which the softmax does not see.
    """

    def fit(self, p: Floats, y: NDArray[np.int64]) -> Self:
        """p (N, K), y (N,) in 0..K-1; raises LemmataError for other shapes."""
        scores = _log_probabilities(p)
        if y.shape != scores.shape[:1]:
            raise LemmataError(f"p has shape {p.shape}, y {y.shape}: must be (N, K) and (N,)")
        rows = np.arange(len(y))

        def loss(log_t: float) -> float:
            return float(-log_softmax(scores / np.exp(log_t), axis=1)[rows, y].mean())

        self.temperature_ = _best(loss)
        return self

    def predict(self, p: Floats) -> Floats:
        """Class probabilities (N, K) at the fitted temperature."""
        found: Floats = softmax(_log_probabilities(p) / self.temperature_, axis=1)
        return found


def _log_probabilities(p: Floats) -> Floats:
    if p.ndim != 2 or p.shape[1] < 2:
        raise LemmataError(f"p has shape {p.shape}: must be (N, K) with K >= 2")
    return np.log(np.clip(p, LEAST_P, 1.0))


def _best(loss: Callable[[float], float]) -> float:
    """The temperature of least loss; the loss is unimodal in log T."""
    low, high = np.log(TEMPERATURES)
    bounds = (float(low), float(high))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x))
