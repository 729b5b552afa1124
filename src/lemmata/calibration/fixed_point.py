"""Fixed points s = v(s) of many functions that never grow, all at once: smECE is one.

Each evaluation bounds the root from both sides, since it lies between s and v(s) [derived]. In
x = log s the function g(x) = log v - x falls at least as fast as -x, so a secant through the last
two points is safe with its slope held at -1 or below; where it leaves the bracket, or did not halve
it, the bracket's middle is taken. Near a power law, which smECE_s is, three to five evaluations do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lemmata.errors import LemmataError

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]

FIRST: Final = 0.1
SLOPE: Final = -1.5
"""Of g before two points are known: noise alone has smECE_s near s^(-1/2)."""
LEAST: Final = 1e-300
"""Stands for v = 0, whose logarithm is not finite."""


def fixed_points(
    value_at: Callable[[Rows, Floats], Floats],
    count: int,
    tolerance: float,
    matter: Callable[[Floats, Floats], NDArray[np.bool_]] | None = None,
) -> Floats:
    """Roots in [0, 1], to +- tolerance, 0 itself of what is 0 wherever it is looked at: (count,).

    value_at: functions (R,), places s (R,) -> v (R,), non-increasing in s, within [0, 1].
    matter: from the bounds (count,) below and above, which roots are still wanted; the others stay
    in the middle of their bounds. Raises LemmataError for a tolerance outside (0, 1).
    """
    if not 0.0 < tolerance < 1.0:
        raise LemmataError(f"tolerance = {tolerance}: must lie in (0, 1)")
    lower, upper = np.zeros(count), np.ones(count)
    x, g, slope = np.full(count, np.log(FIRST)), np.full(count, np.nan), np.full(count, SLOPE)
    before, width = np.full(count, np.nan), np.full(count, np.inf)  # of x; of the bracket in logs
    positive = np.zeros(count, dtype=bool)
    rows = np.arange(count)
    while rows.size:
        s = np.exp(x[rows])
        value = value_at(rows, s)
        positive[rows] |= value > 0.0
        lower[rows] = np.maximum(lower[rows], np.minimum(s, value))
        upper[rows] = np.minimum(upper[rows], np.maximum(s, value))
        found = np.log(np.maximum(value, LEAST)) - x[rows]
        moved = x[rows] - before[rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = np.minimum((found - g[rows]) / moved, -1.0)
        slope[rows] = np.where(np.isfinite(secant), secant, slope[rows])
        low, high = (np.log(np.maximum(b[rows], tolerance)) for b in (lower, upper))
        target = x[rows] - found / slope[rows]
        halved = high - low <= 0.5 * width[rows]
        inside = (target > low) & (target < high)
        before[rows], g[rows], width[rows] = x[rows], found, high - low
        x[rows] = np.where(inside & halved, target, 0.5 * (low + high))
        wanted = upper - lower > 2.0 * tolerance
        if matter is not None:
            wanted &= matter(lower, upper)
        rows = rows[wanted[rows]]
    return np.where(positive, 0.5 * (lower + upper), 0.0)
