"""Distances from calibration of a finite sample, by linear program and by exhaustion.

Błasiok, Gopalan, Hu, Nakkiran, arXiv 2211.16886. The lower distance is the least E|u - p| over
couplings of (p, y) with a perfectly calibrated u; the upper distance allows u = kappa(p) alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pulp
from numpy.typing import ArrayLike, NDArray

from lemmata.calibration.smooth_calibration import optimum
from lemmata.calibration.smooth_ece import checked_shapes, checked_unit
from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
LARGEST_PROGRAM: Final = 100_000
"""Variables of the program at most."""
LARGEST_SUPPORT: Final = 10
"""Distinct predictions whose partitions are gone through: Bell(10) = 115,975."""


class LowerDistance(NamedTuple):
    """value: of the program; gap: the largest gap of its grid.

    The lower distance lies in [value - gap / 2, value] [derived].
    """

    value: float
    gap: float


def lower_distance_lp(p: ArrayLike, y: ArrayLike, nodes: int = 100) -> LowerDistance:
    """Lower distance to calibration of p (N,), y (N,) in {0, 1}, u restricted to a grid.

    The grid holds the predictions, their mean labels, and nodes + 1 equidistant points. Program:
    masses P(u, v, y) >= 0 with the sample's marginal on (v, y), and (1 - u) P(u, y = 1) =
    u P(u, y = 0) for every u; minimise the mean of |u - v|. Raises LemmataError for bad input and
    for more than 100,000 variables.
    """
    values, masses = _support(p, y)  # (V,), (V, 2)
    means = masses[:, 1] / masses.sum(axis=1)
    grid = np.unique(np.r_[np.arange(nodes + 1) / nodes, values, means])  # (U,)
    size = 2 * len(grid) * len(values)
    if size > LARGEST_PROGRAM:
        found = f"{len(values)} distinct predictions on {len(grid)} points are {size} variables"
        raise LemmataError(f"lower distance: {found}, at most {LARGEST_PROGRAM} are taken")
    program = pulp.LpProblem("lower_distance", pulp.LpMinimize)
    P = {
        (u, v, label): program.add_variable(f"P_{u}_{v}_{label}", 0.0)
        for v in range(len(values))
        for label in (0, 1)
        if masses[v, label] > 0.0
        for u in range(len(grid))
    }
    cost = np.abs(grid[:, None] - values[None, :])  # (U, V)
    program += pulp.lpSum(float(cost[u, v]) * x for (u, v, _), x in P.items())
    rows: dict[tuple[int, int], list[pulp.LpVariable]] = {}
    columns: dict[int, list[pulp.LpAffineExpression]] = {}
    for (u, v, label), x in P.items():
        rows.setdefault((v, label), []).append(x)
        weight = 1.0 - grid[u] if label == 1 else -grid[u]
        columns.setdefault(u, []).append(float(weight) * x)
    for (v, label), terms in rows.items():
        program += pulp.lpSum(terms) == float(masses[v, label])
    for terms in columns.values():
        program += pulp.lpSum(terms) == 0.0
    return LowerDistance(optimum(program, "lower distance"), float(np.diff(grid).max()))


def upper_distance(p: ArrayLike, y: ArrayLike) -> float:
    """Upper distance of p (N,), y (N,) in {0, 1} with at most 10 distinct predictions.

    Least over partitions of the support, each block moved to its mean label. Raises LemmataError
    for bad input or a larger support.
    """
    values, masses = _support(p, y)
    if len(values) > LARGEST_SUPPORT:
        found = f"{len(values)} distinct predictions"
        raise LemmataError(f"upper distance: {found}, at most {LARGEST_SUPPORT} are taken")
    weight = masses.sum(axis=1)
    return min(
        sum(_moved(values, weight, masses[:, 1], block) for block in partition)
        for partition in _partitions(range(len(values)))
    )


def _moved(values: Floats, weight: Floats, ones: Floats, block: Sequence[int]) -> float:
    mean = ones[block].sum() / weight[block].sum()
    return float((weight[block] * np.abs(values[block] - mean)).sum())


def _partitions(items: Sequence[int]) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for partition in _partitions(rest):
        yield [[first], *partition]
        for k, block in enumerate(partition):
            yield [*partition[:k], [first, *block], *partition[k + 1 :]]


def _support(p: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Distinct predictions (V,) and the share of the sample with each and label 0, 1: (V, 2)."""
    shaped_p, shaped_y = checked_shapes(p, y)
    x, outcome = checked_unit(shaped_p, "p"), checked_unit(shaped_y, "y")
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise LemmataError("y holds values between 0 and 1: labels must be 0 or 1")
    values, index = np.unique(x, return_inverse=True)
    masses = np.zeros((len(values), 2))
    np.add.at(masses, (index, outcome.astype(np.int64)), 1.0 / x.size)
    return values, masses
