"""What frozen features know of the labels: multinomial logistic regression, nearest neighbours.

Both are fitted on training rows; the penalty is chosen on validation rows; test rows are for the
result alone. In torch, so that a million rows on a GPU and a thousand on a laptop take one path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lemmata.errors import LemmataError

ROWS = 4096
"""Queries that are compared with all neighbours at once, which bounds memory."""


class Probed(NamedTuple):
    """accuracy: of the linear probe by split; knn: on the test rows; C: the penalty chosen;
    probabilities: (N, K) of the linear probe on all rows.
    """

    validation: float
    test: float
    knn: float
    C: float
    probabilities: NDArray[np.float64]


def probe(
    features: Tensor,
    y: NDArray[np.int64],
    split: NDArray[np.str_],
    *,
    penalties: Sequence[float],
    neighbours: int,
) -> Probed:
    """Both probes of features (N, W) with labels y (N,) in 0..K-1 and splits (N,).

    Features are standardised by their training rows. penalties: inverse strengths C, of which the
    one that is most accurate on validation rows is taken, the strongest of equals. Raises
    LemmataError for a split without rows and a class without training rows.
    """
    labels = torch.from_numpy(y).to(features.device)
    parts = {name: torch.from_numpy(split == name).to(features.device) for name in np.unique(split)}
    check_classes(y, split)
    x = standardised(features.double(), parts["train"])
    fits = [
        (weights, c, _accuracy(x[parts["validation"]], labels[parts["validation"]], weights))
        for c in sorted(penalties)
        for weights in [fit_linear(x[parts["train"]], labels[parts["train"]], c)]
    ]
    weights, c, validation = max(fits, key=lambda fit: fit[2])  # the first of equals
    said = nearest(x[parts["train"]], labels[parts["train"]], x[parts["test"]], neighbours)
    return Probed(
        validation,
        _accuracy(x[parts["test"]], labels[parts["test"]], weights),
        float((said == labels[parts["test"]]).double().mean()),
        c,
        _logits(x, weights).softmax(dim=1).cpu().numpy(),
    )


def check_classes(y: NDArray[np.int64], split: NDArray[np.str_]) -> None:
    """Raise LemmataError for a split without rows and for a class without rows to train on."""
    for name in ("train", "validation", "test"):
        if not (split == name).any():
            raise LemmataError(f"probe: no rows are in the split {name}")
    known = np.unique(y[split == "train"])
    missing = np.setdiff1d(np.arange(y.max() + 1), known)
    if missing.size:
        raise LemmataError(f"probe: class {missing[0]} has no rows to train on")


def standardised(features: Tensor, known: Tensor) -> Tensor:
    """Features (N, W) with mean 0 and variance 1 over the rows that are known (N,).

    A feature that does not vary is only centred.
    """
    mean = features[known].mean(dim=0)
    deviation = features[known].std(dim=0, correction=0)
    return (features - mean) / torch.where(deviation > 0.0, deviation, 1.0)


def fit_linear(x: Tensor, y: Tensor, C: float) -> Tensor:
    """Weights (W + 1, K), intercept last, of sum_i -log p(y_i | x_i) + |weights|^2 / (2 C).

    x: (N, W) float64, y: (N,). The intercept is free. Newton's direction by L-BFGS: what
    scikit-learn's LogisticRegression minimises, to a gradient below 1e-5 a row.
    """
    count, width = x.shape
    classes = int(y.max()) + 1
    weights = torch.zeros(width + 1, classes, dtype=x.dtype, device=x.device, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights],
        max_iter=500,
        tolerance_grad=1e-5,
        tolerance_change=1e-10,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(_logits(x, weights), y)
        total = loss + weights[:-1].square().sum() / (2.0 * C * count)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach()


def nearest(known: Tensor, labels: Tensor, asked: Tensor, k: int) -> Tensor:
    """Majority (M,) of the k nearest by cosine among known (N, W), for asked (M, W).

    The smallest class of equals wins.
    """
    a, b = functional.normalize(asked, dim=1), functional.normalize(known, dim=1)
    said = []
    for part in torch.split(a, ROWS):
        found = labels[(part @ b.T).topk(min(k, len(b)), dim=1).indices]  # (m, k)
        votes = functional.one_hot(found, int(labels.max()) + 1).sum(dim=1)  # (m, K)
        said.append(votes.argmax(dim=1))
    return torch.cat(said)


def explained(features: Tensor, values: Tensor, split: NDArray[np.str_], penalty: float) -> float:
    """R^2 on test rows of a ridge regression of values (N, V) on features (N, W), mean over V.

    penalty: on the squared weights, a training row. Below 0 where it is worse than the mean.
    """
    known, tested = (
        torch.from_numpy(split == name).to(features.device) for name in ("train", "test")
    )
    x = standardised(features.double(), known)
    goal = values.double() - values[known].double().mean(dim=0)
    own = x[known]
    gram = own.T @ own / len(own) + penalty * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(gram, own.T @ goal[known] / len(own))
    left = (goal[tested] - x[tested] @ weights).square().sum(dim=0)
    return float((1.0 - left / goal[tested].square().sum(dim=0)).mean())


def _logits(x: Tensor, weights: Tensor) -> Tensor:
    return x @ weights[:-1] + weights[-1]


def _accuracy(x: Tensor, y: Tensor, weights: Tensor) -> float:
    return float((_logits(x, weights).argmax(dim=1) == y).double().mean())
