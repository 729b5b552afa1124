"""SmoothECE of many overlapping groups at once, and what their largest would be by chance.

The largest SmoothECE over groups is what multicalibration is measured by (arXiv 2406.06487). It is
large by chance where a group is small: of n calibrated predictions SmoothECE is about 0.3 n^(-1/3)
[derived]. So the same predictions with outcomes drawn from them are measured too, a floor below
which nothing can be told from calibration. A row's outcome is one draw for all its groups.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from lemmata.calibration.fixed_point import Floats, fixed_points
from lemmata.calibration.multicalibration.inputs import (
    Flags,
    checked_groups,
    checked_inputs,
    checked_predictions,
)
from lemmata.calibration.smooth_ece import (
    MAX_GRID_SIZE,
    NODES_PER_BANDWIDTH,
    Binned,
    cosine_coefficients,
    grid_size_for,
    solve,
    values_of,
)

NULL_GRID: Final = 256
"""Cells of the grid of the null: against 4,096 cells its mean and 95% quantile moved by less than
half a percent where they were 0.008 and by a thousandth where they were above 0.03 [measured]."""
NULL_TOLERANCE: Final = 1e-4
BATCH: Final = 2**22
"""Outcomes drawn at once, which bounds memory (32 MiB of them)."""


def group_smooth_ece(
    p: ArrayLike, y: ArrayLike, groups: ArrayLike, grid_size: int, tolerance: float
) -> Floats:
    """SmoothECE (G,) of the rows of each group: p (N,), y (N,) in {0, 1}, groups (N, G).

    grid_size: the coarsest grid; groups whose bandwidth spans fewer than 20 of its steps are
    measured again on a finer one, as `smooth_ece` does. Raises LemmataError for bad input.
    """
    x, outcome, flags = checked_inputs(p, y, groups)
    residual = x - outcome
    found = np.zeros(flags.shape[1])
    sizes = np.full(flags.shape[1], grid_size)
    left = np.arange(flags.shape[1])
    while left.size:
        size = int(sizes[left].min())
        now = left[sizes[left] == size]
        masses = np.stack([_nodes(x[m], residual[m], size) for m in flags.T[now]])
        found[now] = solve(Binned(len(x), masses, masses, masses), tolerance)  # residual alone used
        fine = (found[now] * size >= NODES_PER_BANDWIDTH) | ~masses.any(axis=1)
        for group in [] if size >= MAX_GRID_SIZE else now[~fine]:
            sizes[group] = grid_size_for(float(found[group]), NODES_PER_BANDWIDTH, 2 * size)
        left = left[sizes[left] > size]
    return found


def null_max_smooth_ece(
    p: ArrayLike,
    groups: ArrayLike,
    replicates: int,
    rng: np.random.Generator,
    grid_size: int = NULL_GRID,
    tolerance: float = NULL_TOLERANCE,
) -> Floats:
    """Largest SmoothECE over groups when outcomes are drawn from the predictions: (replicates,).

    p (N,), groups (N, G), each with a row or more. Raises LemmataError for bad input.
    """
    x = checked_predictions(p)
    flags = checked_groups(groups, len(x))
    split = _splitting(x, flags, grid_size)  # ((M + 1) G, N)
    most = max(BATCH // len(x), 1)
    found = []
    for start in range(0, replicates, most):
        rows = min(most, replicates - start)
        residual = x[:, None] - (rng.random((len(x), rows)) < x[:, None])  # (N, R)
        masses = np.asarray(split @ residual).reshape(grid_size + 1, flags.shape[1], rows)
        found.append(_largest_root(np.ascontiguousarray(masses.transpose(2, 1, 0)), tolerance))
    return np.concatenate(found)


def _nodes(x: Floats, residual: Floats, grid_size: int) -> Floats:
    """Means of the residual split between the nodes of the grid: (M + 1,)."""
    cell, a = _cells(x, grid_size)
    left = np.bincount(cell, weights=residual * (1.0 - a), minlength=grid_size + 1)
    right = np.bincount(cell + 1, weights=residual * a, minlength=grid_size + 1)
    return (left + right) / len(x)


def _cells(x: Floats, grid_size: int) -> tuple[NDArray[np.int64], Floats]:
    scaled = x * grid_size
    cell = np.minimum(scaled.astype(np.int64), grid_size - 1)  # 1 ends the last cell
    return cell, scaled - cell


def _splitting(x: Floats, flags: Flags, grid_size: int) -> sparse.csr_array:
    """The linear map from residuals (N,) to node means of every group, ((M + 1) G, N).

    Node by node, because all groups of a node read the same few rows, which then stay in the cache.
    """
    row, group = np.nonzero(flags)  # one entry per membership
    cell, a = _cells(x, grid_size)
    share = 1.0 / flags.sum(axis=0)  # (G,)
    groups = flags.shape[1]
    first = cell[row] * groups + group
    weight = share[group]
    values = np.r_[weight * (1.0 - a[row]), weight * a[row]]
    places = (np.r_[first, first + groups], np.r_[row, row])
    return sparse.csr_array((values, places), shape=((grid_size + 1) * groups, len(x)))


def _largest_root(masses: Floats, tolerance: float) -> Floats:
    """Largest fixed point over groups of node masses (R, G, M + 1): (R,).

    A group whose upper bound is below another's lower bound cannot have the largest and is looked
    at no more.
    """
    shape = masses.shape[:2]
    coefficients = cosine_coefficients(masses).reshape(-1, masses.shape[-1])  # (R G, M + 1)

    def may_be_largest(lower: Floats, upper: Floats) -> NDArray[np.bool_]:
        best = lower.reshape(shape).max(axis=1, keepdims=True)  # (R, 1)
        wanted: NDArray[np.bool_] = (upper.reshape(shape) > best).ravel()
        return wanted

    found = fixed_points(values_of(coefficients), len(coefficients), tolerance, may_be_largest)
    largest: Floats = found.reshape(shape).max(axis=1)
    return largest
