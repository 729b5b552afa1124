"""Multicalibration by gradient boosting, in the spirit of MCGrad (arXiv 2509.19884).

A tree over group flags and the present logit splits into segments times score intervals, so
boosting on the log loss from the present logit finds cells that are off and corrects them. Rounds
are added as long as the cross-validated log loss falls; the first that does not help ends it, and a
model that is calibrated is returned as it was. Defaults are MCGrad's [official docs]. Trees by
LightGBM, which can start from given scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Self

import lightgbm
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit

from lemmata.calibration.multicalibration.inputs import (
    Flags,
    Floats,
    checked_groups,
    checked_inputs,
    checked_predictions,
)
from lemmata.calibration.recalibration import logit
from lemmata.errors import LemmataError

TREES: Final[dict[str, Any]] = {
    "learning_rate": 0.0287,
    "num_leaves": 5,
    "max_depth": 5,
    "min_child_samples": 160,
    "lambda_l2": 0.0091,
    "min_gain_to_split": 0.150,
}
FIXED: Final[dict[str, Any]] = {
    "objective": "binary",
    "boost_from_average": False,  # the present logit is the start
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "feature_pre_filter": False,
}


class Boosted:
    """The post-processor. rounds_ and factors_ say what was learned; 0 rounds change nothing.

    trees: per round; max_rounds: at most; folds: of the cross-validation.
    """

    def __init__(
        self, trees: int = 94, max_rounds: int = 100, folds: int = 5, seed: int = 0
    ) -> None:
        for name, value, least in (("trees", trees, 1), ("max_rounds", max_rounds, 0)):
            if value < least:
                raise LemmataError(f"boosted: {name} = {value}: must be >= {least}")
        if folds < 2:
            raise LemmataError(f"boosted: folds = {folds}: must be >= 2")
        self.trees = trees
        self.max_rounds = max_rounds
        self.folds = folds
        self.seed = seed

    def fit(self, p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> Self:
        """Fit on p (N,), y (N,) in {0, 1}, groups (N, G); raises LemmataError for bad input."""
        x, outcome, flags = checked_inputs(p, y, groups)
        self.n_groups_ = flags.shape[1]
        self.rounds_ = self._useful_rounds(logit(x), outcome, flags)
        self.boosters_: list[lightgbm.Booster] = []
        self.factors_: list[float] = []
        score = logit(x)
        everything = np.arange(len(x))
        for _ in range(self.rounds_):
            booster, factor, score = self._round(score, outcome, flags, everything)
            self.boosters_.append(booster)
            self.factors_.append(factor)
        return self

    def predict(self, p: ArrayLike, groups: ArrayLike) -> Floats:
        """Corrected p (N,), p itself after 0 rounds; raises LemmataError for bad input."""
        x = checked_predictions(p)
        flags = checked_groups(groups, len(x), self.n_groups_)
        if not self.boosters_:
            return x.copy()
        score = logit(x)
        for booster, factor in zip(self.boosters_, self.factors_, strict=True):
            score = factor * (score + _raw(booster, _features(score, flags)))
        corrected: Floats = expit(score)
        return corrected

    def _useful_rounds(self, score: Floats, y: NDArray[np.int64], flags: Flags) -> int:
        """Rounds before the first that does not lower the log loss of held-out folds."""
        folds = list(self._folds(len(y)))
        if min(len(held) for held in folds) == 0:
            return 0
        scores = [score] * len(folds)  # of every row, by the model without that fold
        best = _log_loss(score, y)
        for number in range(self.max_rounds):
            loss = 0.0
            for k, held in enumerate(folds):
                rest = np.setdiff1d(np.arange(len(y)), held, assume_unique=True)
                _, _, scores[k] = self._round(scores[k], y, flags, rest)
                loss += _log_loss(scores[k][held], y[held]) * len(held) / len(y)
            if loss >= best:
                return number
            best = loss
        return self.max_rounds

    def _folds(self, n: int) -> Iterator[NDArray[np.int64]]:
        rng = np.random.Generator(np.random.Philox(self.seed))
        yield from np.array_split(rng.permutation(n), self.folds)

    def _round(
        self, score: Floats, y: NDArray[np.int64], flags: Flags, rows: NDArray[np.int64]
    ) -> tuple[lightgbm.Booster, float, Floats]:
        """Trees on top of the score, fitted on `rows`; the factor that undoes their shrinkage.

        And the new score of every row (N,).
        """
        features = _features(score, flags)
        data = lightgbm.Dataset(features[rows], label=y[rows], init_score=score[rows])
        settings = {**TREES, **FIXED, "seed": self.seed}
        booster = lightgbm.train(settings, data, num_boost_round=self.trees)
        raised = score + _raw(booster, features)
        factor = _factor(raised[rows], y[rows])
        return booster, factor, factor * raised


def _features(score: Floats, flags: Flags) -> Floats:
    return np.column_stack([flags.astype(np.float64), score])  # (N, G + 1)


def _raw(booster: lightgbm.Booster, features: Floats) -> Floats:
    found = booster.predict(features, raw_score=True, num_threads=1)
    return np.asarray(found, dtype=np.float64)


def _log_loss(score: Floats, y: NDArray[np.int64]) -> float:
    return float(np.logaddexp(0.0, (1.0 - 2.0 * y) * score).mean())


def _factor(score: Floats, y: NDArray[np.int64]) -> float:
    """theta that minimises the log loss of theta * score: logistic regression, no intercept."""
    if not score.any():
        return 1.0
    found = minimize_scalar(
        lambda theta: _log_loss(theta * score, y), bounds=(0.1, 10.0), method="bounded"
    )
    return float(found.x)
