"""Classical classifiers by name (scikit-learn's), for predictions to calibrate."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from lemmata.errors import LemmataError


class HardSVM(SGDClassifier):  # type: ignore[misc]
    """Linear SVM whose probabilities are its hard predictions, 0 or 1 [official code].

    So Hansen, Devic, Nakkiran, Sharan, arXiv 2406.06487, have it: an uncalibrated model to repair.
    """

    @property
    def predict_proba(self) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """X (N, D) -> (N, K): 1 for the predicted class, 0 elsewhere."""
        return lambda X: (self.predict(X)[:, None] == self.classes_).astype(np.float64)


# Boosting by histograms (Ke et al., "LightGBM", NeurIPS 2017, algorithm 1): a split costs time in
# the number of bins, not of examples, so data sets of 10^5 rows train in seconds where the exact
# GradientBoostingClassifier takes minutes.
MODELS: dict[str, type[ClassifierMixin]] = {
    "logistic_regression": LogisticRegression,
    "decision_tree": DecisionTreeClassifier,
    "random_forest": RandomForestClassifier,
    "gradient_boosting": HistGradientBoostingClassifier,
    "naive_bayes": GaussianNB,
    "svm": HardSVM,  # its default loss is the hinge
}
# Ours to set, or without influence on the predictions (n_jobs stays at one process).
OWN = frozenset({"random_state", "n_jobs", "verbose", "warm_start", "oob_score"})


def hyper_parameter_names(model: str) -> list[str]:
    """What may be set for a model by name; raises LemmataError for an unknown model."""
    if model not in MODELS:
        raise LemmataError(f"model = {model!r}: allowed: {', '.join(MODELS)}")
    defaults = MODELS[model]().get_params()
    return sorted(k for k, v in defaults.items() if k not in OWN and v != "deprecated")


def classifier(model: str, hyper_parameters: Mapping[str, Any], seed: int) -> ClassifierMixin:
    """The unfitted estimator; what is not given keeps scikit-learn's default.

    Boosting never holds rows back for early stopping unless told to: the splits are the data
    table's. Raises LemmataError for an unknown model or hyper-parameter.
    """
    allowed = hyper_parameter_names(model)
    for name in hyper_parameters:
        if name not in allowed:
            raise LemmataError(f"{model}.{name}: unknown key; allowed: {', '.join(allowed)}")
    own: dict[str, Any] = {"random_state": seed, "early_stopping": False}
    known = MODELS[model]().get_params()
    fixed = {name: value for name, value in own.items() if name in known}
    return MODELS[model](**(fixed | dict(hyper_parameters)))


def fit_predict(
    model: str,
    hyper_parameters: Mapping[str, Any],
    X_train: NDArray[np.float64],
    y_train: NDArray[np.int64],
    X_all: NDArray[np.float64],
    seed: int,
) -> NDArray[np.float64]:
    """Fit on (X_train, y_train) on one thread; class probabilities (N, K) of X_all (N, D).

    X: standardised design matrices; y_train: (N_train,) in 0..K-1, each class at least once. Raises
    LemmataError for bad hyper-parameters or labels, and when a solver has not converged: what it
    returns then is not the model that its name says.
    """
    estimator = classifier(model, hyper_parameters, seed)
    classes = np.unique(y_train)
    if len(classes) < 2 or not np.array_equal(classes, np.arange(len(classes))):
        raise LemmataError(
            f"{model}: training labels {classes.tolist()}; expected 0..K-1, all there"
        )
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            estimator.fit(X_train, y_train)
        except ConvergenceWarning as warning:
            reason = str(warning).splitlines()[0]
            raise LemmataError(f"{model}: not converged ({reason}); raise max_iter") from warning
        except (ValueError, TypeError) as error:
            raise LemmataError(f"{model}: {str(error).splitlines()[0]}") from error
        probabilities: NDArray[np.float64] = estimator.predict_proba(X_all)  # (N, K)
    return probabilities
