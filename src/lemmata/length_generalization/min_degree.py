"""The min-degree interpolator, and where it says otherwise than a transformer (arXiv 2310.16028).

A function {-1, 1}^n -> R is a sum of monomials x_S; its degree profile lists the squared weights by
level |S|, compared from the top level down. A min-degree interpolator (MDI) fits the training set
with the least profile. Lemma 4.1 of the paper's first version [secondary]: where a coordinate is
constant on the training set, no MDI depends on it.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
LARGEST: Final = 10
"""Bits for which every monomial is written out (2^10 unknowns)."""
_TOLERANCE: Final = 1e-9


def monomials(bits: int) -> list[tuple[int, ...]]:
    """All subsets of the coordinates, by level."""
    return [s for level in range(bits + 1) for s in combinations(range(bits), level)]


def features(inputs: ArrayLike) -> Floats:
    """Values (N, 2^n) of all monomials at inputs (N, n) of -1 and 1, by level."""
    x = np.asarray(inputs, dtype=np.float64)
    if x.ndim != 2 or not np.isin(x, (-1.0, 1.0)).all():
        raise LemmataError("min-degree interpolator: inputs must be (N, n) of -1 and 1")
    if x.shape[1] > LARGEST:
        raise LemmataError(f"min-degree interpolator: {x.shape[1]} bits; at most {LARGEST}")
    columns = [x[:, list(s)].prod(axis=1) for s in monomials(x.shape[1])]
    return np.stack(columns, axis=1)


def min_degree_interpolator(inputs: ArrayLike, labels: ArrayLike) -> Floats:
    """Weights (2^n,) by level of the interpolator of labels (N,) with the least degree profile.

    Level by level from the top: the least norm of that level's weights that the constraints and the
    levels above allow, then the next. Raises LemmataError for labels that contradict each other.
    """
    rows, y = features(inputs), np.asarray(labels, dtype=np.float64)
    bits = np.asarray(inputs).shape[1]
    level = np.array([len(s) for s in monomials(bits)])
    # All interpolators: one of them plus the null space of the rows.
    weights = np.asarray(np.linalg.lstsq(rows, y, rcond=None)[0], dtype=np.float64)
    if np.abs(rows @ weights - y).max() > _TOLERANCE:
        raise LemmataError("min-degree interpolator: equal inputs have different labels")
    free = _null_space(rows)  # (2^n, K)
    for top in range(bits, -1, -1):
        if free.shape[1] == 0:
            break
        own = free[level == top]  # (monomials of this level, K)
        weights = weights - free @ np.linalg.lstsq(own, weights[level == top], rcond=None)[0]
        free = free @ _null_space(own)
    return weights


def boolean_and(inputs: ArrayLike) -> Floats:
    """AND of bits (N, n): 1 where all are 1, else 0; a bit is 1 for True and -1 for False."""
    held: NDArray[np.bool_] = (np.asarray(inputs) == 1).all(axis=1)
    return held.astype(np.float64)


def frozen_accuracy(free: int, frozen: int) -> tuple[float, float]:
    """Accuracy of the MDI of AND whose last `frozen` bits were always 1 in training.

    The `free` bits cover their cube, so by the lemma the MDI is the AND of them alone, which is
    what is evaluated: on strings with all free bits 1 and one 0 among the frozen ones, and on those
    with all free bits 1 and frozen bits at random (each pattern once).
    """
    patterns = np.array(np.meshgrid(*[[-1, 1]] * frozen)).reshape(frozen, -1).T  # (2^frozen, f)
    strings = np.concatenate([np.ones((len(patterns), free)), patterns], axis=1)
    right = boolean_and(strings[:, :free]) == boolean_and(strings)
    one_zero = (patterns == -1).sum(axis=1) == 1
    return float(right[one_zero].mean()), float(right.mean())


def _null_space(matrix: Floats) -> Floats:
    """Orthonormal basis (columns) of the vectors that the matrix maps to 0."""
    _, values, transposed = np.linalg.svd(matrix, full_matrices=True)
    rank = int((values > _TOLERANCE * max(values.max(initial=0.0), 1.0)).sum())
    basis: Floats = transposed[rank:].T
    return basis
