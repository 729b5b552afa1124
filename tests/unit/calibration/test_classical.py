"""Classical models against scikit-learn used directly, and against the formulas they stand for."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from lemmata.calibration.classical import MODELS, classifier, fit_predict, hyper_parameter_names
from lemmata.errors import LemmataError


def standardised(data):
    X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    train = np.arange(len(X)) % 3 > 0
    return X, data.target, train


@pytest.fixture(scope="module")
def cancer():
    return standardised(load_breast_cancer())


@pytest.fixture(scope="module")
def wine():
    return standardised(load_wine())


class HardPredictions:
    """scikit-learn's linear SVM, its predictions as probabilities."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        self.model.fit(X, y)
        return self

    def predict_proba(self, X):
        return np.eye(len(self.model.classes_))[self.model.predict(X)]


DIRECT = {
    "logistic_regression": ({"C": 0.5, "max_iter": 500}, LogisticRegression(C=0.5, max_iter=500)),
    "decision_tree": ({"max_depth": 3}, DecisionTreeClassifier(max_depth=3, random_state=4)),
    "random_forest": ({"n_estimators": 20}, RandomForestClassifier(20, random_state=4)),
    "gradient_boosting": (
        {"max_iter": 20, "learning_rate": 0.2},
        HistGradientBoostingClassifier(
            max_iter=20, learning_rate=0.2, early_stopping=False, random_state=4
        ),
    ),
    "naive_bayes": ({"var_smoothing": 1e-8}, GaussianNB(var_smoothing=1e-8)),
    "svm": ({"alpha": 1e-3}, HardPredictions(SGDClassifier(alpha=1e-3, random_state=4))),
}


@pytest.mark.parametrize("data", ["cancer", "wine"])
@pytest.mark.parametrize("model", MODELS)
def test_agrees_with_scikit_learn(model, data, request):
    X, y, train = request.getfixturevalue(data)
    hyper_parameters, direct = DIRECT[model]
    found = fit_predict(model, hyper_parameters, X[train], y[train], X, seed=4)
    expected = direct.fit(X[train], y[train]).predict_proba(X)
    assert found.shape == (len(X), y.max() + 1)
    assert found == pytest.approx(expected, abs=1e-12)
    assert (found.argmax(axis=1) == y)[~train].mean() > 0.85


def test_logistic_regression_is_at_its_optimum(cancer):
    """Gradient of C sum_i log-loss + |w|^2 / 2 vanishes: C X'(p - y) + w = 0, sum(p - y) = 0."""
    X, y, train = cancer
    X, y = X[train], y[train]
    p = fit_predict("logistic_regression", {"C": 0.1, "tol": 1e-8}, X, y, X, seed=0)[:, 1]
    # The logits are linear in X, so w can be read off the probabilities.
    design = np.column_stack([X, np.ones(len(X))])
    w = np.linalg.lstsq(design, np.log(p / (1 - p)), rcond=None)[0]
    assert 0.1 * X.T @ (p - y) + w[:-1] == pytest.approx(0, abs=1e-4)
    assert (p - y).sum() == pytest.approx(0, abs=1e-3)


def test_naive_bayes_is_bayes_rule_with_normal_densities(wine):
    X, y, train = wine
    found = fit_predict("naive_bayes", {"var_smoothing": 0.0}, X[train], y[train], X, seed=0)
    joint = np.empty((len(X), 3))
    for k in range(3):
        own = X[train & (y == k)]
        log_density = norm.logpdf(X, own.mean(axis=0), own.std(axis=0)).sum(axis=1)
        joint[:, k] = np.exp(log_density) * len(own)
    assert found == pytest.approx(joint / joint.sum(axis=1, keepdims=True), abs=1e-9)


def test_stump_is_the_best_cut_by_brute_force(cancer):
    """Gini impurity of every cut of every feature; the two leaves predict their own mean of y."""
    X, y, train = cancer
    X, y = X[train][:, :5], y[train]
    best = min(
        (gini(y[X[:, d] <= cut]) + gini(y[X[:, d] > cut]), d, cut)
        for d in range(5)
        for cut in np.unique(X[:, d])[:-1]
    )
    left = X[:, best[1]] <= best[2]
    expected = np.where(left, y[left].mean(), y[~left].mean())
    found = fit_predict("decision_tree", {"max_depth": 1}, X, y, X, seed=0)[:, 1]
    assert found == pytest.approx(expected, abs=1e-12)


def gini(y):
    p = y.mean()
    return len(y) * 2 * p * (1 - p)


def test_seed_decides_what_is_random_and_nothing_else(cancer):
    X, y, train = cancer

    def predict(model, hyper_parameters, seed):
        return fit_predict(model, hyper_parameters, X[train], y[train], X, seed)

    forest = {"n_estimators": 10}
    assert np.array_equal(predict("random_forest", forest, 1), predict("random_forest", forest, 1))
    assert not np.array_equal(
        predict("random_forest", forest, 1), predict("random_forest", forest, 2)
    )
    for model in ("logistic_regression", "naive_bayes"):
        assert np.array_equal(predict(model, {}, 1), predict(model, {}, 2))


def test_boosting_holds_no_rows_back(cancer):
    """scikit-learn's default keeps 10% for early stopping from 10,000 rows on."""
    assert classifier("gradient_boosting", {}, 0).get_params()["early_stopping"] is False
    asked = classifier("gradient_boosting", {"early_stopping": True}, 0)
    assert asked.get_params()["early_stopping"] is True


@pytest.mark.parametrize(
    ("model", "hyper_parameters", "message"),
    [
        ("knn", {}, r"model = 'knn': allowed: logistic_regression, decision_tree"),
        ("decision_tree", {"depth": 3}, r"decision_tree\.depth: unknown key; allowed: .*max_depth"),
        ("random_forest", {"random_state": 3}, r"random_forest\.random_state: unknown key"),
        ("random_forest", {"n_jobs": 3}, r"random_forest\.n_jobs: unknown key"),
        ("logistic_regression", {"penalty": "l1"}, r"logistic_regression\.penalty: unknown key"),
        ("decision_tree", {"max_depth": -1}, r"decision_tree: The 'max_depth' parameter"),
        ("logistic_regression", {"max_iter": 2}, r"logistic_regression: not converged"),
    ],
)
def test_bad_settings_are_told_in_one_line(cancer, model, hyper_parameters, message):
    X, y, train = cancer
    with pytest.raises(LemmataError, match=message) as caught:
        fit_predict(model, hyper_parameters, X[train], y[train], X, 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 2, 0, 2], [1, 2, 1, 2]])
def test_training_labels_must_be_all_classes(labels):
    X = np.arange(4.0)[:, None]
    with pytest.raises(LemmataError, match=r"training labels .* expected 0\.\.K-1"):
        fit_predict("decision_tree", {}, X, np.array(labels), X, 0)


def test_names_of_hyper_parameters():
    assert hyper_parameter_names("naive_bayes") == ["priors", "var_smoothing"]
    assert {"C", "max_iter"} <= set(hyper_parameter_names("logistic_regression"))
