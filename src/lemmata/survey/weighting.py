"""Weights of strata: post-stratification and the effective sample size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.errors import LemmataError

Floats = NDArray[np.float64]


def effective_n(weights: ArrayLike) -> float:
    """(sum w)^2 / sum w^2: as many respondents of equal weight say as much. Kish (1965)."""
    w = np.asarray(weights, dtype=np.float64)
    return float(w.sum() ** 2 / (w**2).sum())


def post_stratified(counts: ArrayLike, target: ArrayLike) -> Floats:
    """Shares of the answers if the strata had the target's sizes.

    counts: (..., G, K) answers by stratum; target: (G,) sizes or shares of the strata -> (..., K).
    A stratum without any answer cannot stand for its part: its target is left out, of all.
    Raises LemmataError where no stratum of the target has an answer.
    """
    n = np.asarray(counts, dtype=np.float64)
    size = n.sum(axis=-1, keepdims=True)  # (..., G, 1)
    wanted = np.where(size[..., 0] > 0, np.asarray(target, dtype=np.float64), 0.0)
    total = wanted.sum(axis=-1, keepdims=True)
    if (total == 0).any():
        raise LemmataError("post_stratified: no stratum of the target has an answer")
    shares = np.divide(n, size, out=np.zeros_like(n), where=size > 0)
    found: Floats = ((wanted / total)[..., None] * shares).sum(axis=-2)
    return found
