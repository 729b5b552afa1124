"""Smooth calibration error smCE, exactly: by linear programming, and in near-linear time.

Błasiok, Gopalan, Hu, Nakkiran, "A unifying theory of distance from calibration", arXiv 2211.16886:

    smCE = sup of E[w(p) (y - p)] over 1-Lipschitz w: [0, 1] -> [-1, 1].

Only the values w_i at the distinct predictions v_1 < ... < v_m matter, and neighbours suffice for
the Lipschitz condition on a line [derived].
"""

from __future__ import annotations

import heapq
import warnings
from typing import Final

import numpy as np
import pulp
from numpy.typing import ArrayLike, NDArray

from lemmata.calibration.smooth_ece import checked_shapes, checked_unit
from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
Heap = list[tuple[float, float]]
LARGEST_PROGRAM: Final = 5000
"""Distinct predictions that a linear program is made for; the other solver has no such bound."""


def smooth_calibration_error(p: ArrayLike, y: ArrayLike) -> float:
    """SmCE of p, y (N,) in [0, 1], exactly, in O(N log N) on all inputs that we met.

    The best of the first i terms as a function of w_i is concave and piecewise linear: its maximum
    less slopes that begin at breakpoints left and right of it. On the way to the next prediction,
    d further, breakpoints move away from the maximum by d (the Lipschitz condition); the new term
    r w moves the maximum across breakpoints until the slope r is used up or a wall at -1 or 1 is
    reached [derived]. Raises LemmataError for bad input.
    """
    values, residual = _merged(p, y)
    # Breakpoints as (coordinate - shift, slope), the coordinate being w on the right and -w on the
    # left, so that both sides look alike and one shift moves all.
    left: Heap = []
    right: Heap = []
    best = shift = 0.0
    previous = float(values[0])
    for v, r in zip(values.tolist(), residual.tolist(), strict=True):
        shift += v - previous
        previous = v
        if r > 0.0:
            best += _climb(r, right, left, shift)
        elif r < 0.0:
            best += _climb(-r, left, right, shift)
    return best


def _climb(slope: float, ahead: Heap, behind: Heap, shift: float) -> float:
    """What the maximum gains by a term of this slope; breakpoints passed go behind it."""
    gained = 0.0
    here: float | None = None
    while True:
        wall = not ahead or ahead[0][0] + shift >= 1.0
        there = 1.0 if wall else ahead[0][0] + shift
        # The first stretch counts from 0: the term is slope * coordinate.
        gained += slope * (there if here is None else there - here)
        here = there
        if wall:
            heapq.heappush(behind, (-here - shift, slope))
            return gained
        key, fall = heapq.heappop(ahead)
        passed = min(fall, slope)
        heapq.heappush(behind, (-here - shift, passed))
        if fall > slope:
            heapq.heappush(ahead, (key, fall - slope))
        slope -= passed
        if slope <= 0.0:
            return gained


def smooth_calibration_lp(p: ArrayLike, y: ArrayLike) -> float:
    """SmCE of p, y (N,) by the linear program, in PuLP: HiGHS where highspy is there, else CBC.

    Raises LemmataError for bad input, for more than 5,000 distinct predictions, and when the solver
    does not end at an optimum.
    """
    values, residual = _merged(p, y)
    if len(values) > LARGEST_PROGRAM:
        found = f"{len(values)} distinct predictions"
        raise LemmataError(f"smCE by linear program: {found}, at most {LARGEST_PROGRAM} are taken")
    program = pulp.LpProblem("smooth_calibration_error", pulp.LpMaximize)
    w = [program.add_variable(f"w{i}", -1.0, 1.0) for i in range(len(values))]
    program += pulp.lpSum(r * wi for r, wi in zip(residual.tolist(), w, strict=True))
    for i, gap in enumerate(np.diff(values).tolist()):
        program += w[i + 1] - w[i] <= gap
        program += w[i] - w[i + 1] <= gap
    return optimum(program, "smCE by linear program")


def optimum(program: pulp.LpProblem, name: str) -> float:
    """Solve a program and return its optimum; LemmataError, opened by `name`, if there is none."""
    with warnings.catch_warnings():  # of PuLP 4, which will ship no CBC; below 4 is pinned
        warnings.simplefilter("ignore", DeprecationWarning)
        highs = pulp.HiGHS(msg=False)
        solver = highs if highs.available() else pulp.PULP_CBC_CMD(msg=False)
    status = pulp.LpStatus[program.solve(solver)]
    if status != "Optimal":
        raise LemmataError(f"{name}: the solver ended with status {status}, not Optimal")
    return float(pulp.value(program.objective) or 0.0)


def _merged(p: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Distinct predictions in order and the mean residual y - p that each carries: (m,), (m,)."""
    shaped_p, shaped_y = checked_shapes(p, y)
    x, outcome = checked_unit(shaped_p, "p"), checked_unit(shaped_y, "y")
    values, index = np.unique(x, return_inverse=True)
    return values, np.bincount(index, weights=outcome - x) / x.size
