"""No-regret learners over two classes, one per prediction, as HJZ's games use them.

Weights w (N, 2) on (class 0, class 1); a loss vector l (N, 2) in [0, 1]; step size eta. Each
learner returns the new weights. Haghtalab, Jordan, Zhao, arXiv 2302.10863 [official code].
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Learner = Literal["hedge", "mlprod", "online_gradient_descent", "optimistic_hedge"]
LEARNERS: Final[tuple[Learner, ...]] = get_args(Learner)
LEAST_FACTOR: Final = 1e-8  # of MLProd's weights, which must stay positive


def hedge(w: Floats, loss: Floats, eta: float) -> Floats:
    """w_c exp(-eta l_c), renormalised: for two classes the logit moves by eta (l_0 - l_1)."""
    return _normalised(w * np.exp(-eta * loss))


def mlprod(w: Floats, loss: Floats, eta: float) -> Floats:
    """w_c max(1 - eta l_c, 1e-8), renormalised."""
    return _normalised(w * np.maximum(1.0 - eta * loss, LEAST_FACTOR))


def optimistic_hedge(w: Floats, loss: Floats, last: Floats, eta: float) -> Floats:
    """Hedge with the loss 2 l - last; last: the loss of that point's last turn, 0 at first."""
    return hedge(w, 2.0 * loss - last, eta)


def online_gradient_descent(w: Floats, loss: Floats, eta: float, official: bool = False) -> Floats:
    """w - eta l, projected onto the simplex.

    official: left unprojected where its entries are not negative and sum to at most 1, as the
    authors' code has it: weights then no longer sum to one.
    """
    stepped = w - eta * loss  # (N, 2)
    projected = project(stepped)
    if not official:
        return projected
    inside = (stepped >= 0.0).all(axis=1) & (stepped.sum(axis=1) <= 1.0)
    return np.where(inside[:, None], stepped, projected)


def project(v: Floats) -> Floats:
    """Projection of v (N, 2) onto the simplex: the first weight is (1 + v_0 - v_1) / 2, clipped."""
    first = np.clip(0.5 * (1.0 + v[:, 0] - v[:, 1]), 0.0, 1.0)
    return np.stack([first, 1.0 - first], axis=1)


def _normalised(w: Floats) -> Floats:
    normalised: Floats = w / w.sum(axis=1, keepdims=True)
    return normalised
