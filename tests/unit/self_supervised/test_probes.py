"""Probes against scikit-learn, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from lemmata.errors import LemmataError
from lemmata.self_supervised.probes import (
    explained,
    fit_linear,
    nearest,
    probe,
    standardised,
)


def clouds(count: int = 300, classes: int = 4, width: int = 6, seed: int = 0):
    """Overlapping Gaussian classes: features (N, W), labels, splits."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, count)
    x = rng.normal(size=(classes, width))[y] + 0.8 * rng.normal(size=(count, width))
    split = np.array(["train", "validation", "test"])[rng.choice(3, count, p=[0.6, 0.2, 0.2])]
    return torch.from_numpy(x), y, split


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_linear_probe_is_logistic_regression(C: float) -> None:
    x, y, _ = clouds()
    weights = fit_linear(x, torch.from_numpy(y), C)
    model = LogisticRegression(C=C, max_iter=5000, tol=1e-10).fit(x.numpy(), y)
    np.testing.assert_allclose(weights[:-1].T, model.coef_, atol=3e-3 * np.abs(model.coef_).max())
    logits = x @ weights[:-1] + weights[-1]
    np.testing.assert_allclose(logits.softmax(1), model.predict_proba(x.numpy()), atol=1e-3)


def test_linear_probe_is_a_minimum() -> None:
    """The gradient of the stated objective vanishes, by finite differences."""
    x, y, _ = clouds(80, 3, 4)
    labels, C = torch.from_numpy(y), 0.7
    weights = fit_linear(x, labels, C)

    def objective(w: torch.Tensor) -> float:
        logits = x @ w[:-1] + w[-1]
        loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        return float(loss + w[:-1].square().sum() / (2 * C))

    for i in range(weights.shape[0]):
        for k in range(weights.shape[1]):
            step = torch.zeros_like(weights)
            step[i, k] = 1e-4
            slope = (objective(weights + step) - objective(weights - step)) / 2e-4
            assert abs(slope) < 1e-3 * len(y)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_nearest_neighbours_against_sklearn(k: int) -> None:
    x, y, split = clouds()
    known, asked = split == "train", split == "test"
    found = nearest(x[known], torch.from_numpy(y[known]), x[asked], k)
    model = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(x[known], y[known])
    assert (found.numpy() == model.predict(x[asked])).all()


def test_probe_chooses_on_validation_and_reports_test() -> None:
    x, y, split = clouds(600)
    found = probe(x.float(), y, split, penalties=[100.0, 1e-6], neighbours=5)
    assert found.C == 100.0
    scaled = standardised(x, torch.from_numpy(split == "train"))
    model = LogisticRegression(C=100.0, max_iter=5000).fit(
        scaled[split == "train"], y[split == "train"]
    )
    said = model.predict(scaled[split == "test"])
    assert found.test == pytest.approx((said == y[split == "test"]).mean(), abs=0.01)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0)
    assert (found.probabilities.argmax(1) == y)[split == "validation"].mean() == found.validation


def test_test_labels_do_not_matter_to_the_fit() -> None:
    x, y, split = clouds(600)
    other = np.where(split == "test", (y + 1) % 4, y)
    first, second = (
        probe(x, labels, split, penalties=[1.0], neighbours=5) for labels in (y, other)
    )
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


def test_features_that_do_not_vary() -> None:
    x = torch.ones(4, 2)
    assert not standardised(x, torch.tensor([True, True, False, False])).any()


def test_missing_class_and_split() -> None:
    x, y, split = clouds()
    emptied = np.where((y == 2) & (split == "train"), "test", split)
    with pytest.raises(LemmataError, match="class 2 has no rows to train on"):
        probe(x, y, emptied, penalties=[1.0], neighbours=5)
    with pytest.raises(LemmataError, match="no rows are in the split validation"):
        probe(x, y, np.where(split == "validation", "test", split), penalties=[1.0], neighbours=5)


def test_explained_against_ridge() -> None:
    x, _, split = clouds(500)
    rng = np.random.default_rng(1)
    values = torch.from_numpy(x.numpy() @ rng.normal(size=(6, 2)) + rng.normal(size=(500, 2)))
    known, tested = split == "train", split == "test"
    scaled = standardised(x, torch.from_numpy(known)).numpy()
    model = Ridge(alpha=0.01 * known.sum()).fit(scaled[known], values[known])
    left = (values[tested].numpy() - model.predict(scaled[tested])) ** 2
    around = (values[tested].numpy() - values[known].numpy().mean(0)) ** 2
    wanted = np.mean(1 - left.sum(0) / around.sum(0))
    assert explained(x, values, split, 0.01) == pytest.approx(wanted, abs=1e-9)
    assert explained(x, x[:, :2], split, 1e-9) == pytest.approx(1.0)
    assert explained(x, torch.from_numpy(rng.normal(size=(500, 3))), split, 1e-3) < 0.05
