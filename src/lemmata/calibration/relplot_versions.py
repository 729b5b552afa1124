"""SmoothECE as the package relplot computed it up to version 1.0.1, to show what that changes.

Its reflected array does not double the boundary nodes, so predictions of 0 and 1 count half.
Versions 1.0.0 and 1.0.1 divide by the number of predictions, so that mass is lost; 1.0.3 divides by
the summed density, which is right only where all or none of the mass is at the ends [official
code]. The results of arXiv 2406.06487 were made with relplot 1.0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from relplot.kernels import ReflectedGaussianKernel, smooth_round_to_grid

from lemmata.calibration.smooth_ece import checked_shapes, checked_unit

HALVINGS = 10
LEAST_WIDTH = 1e-3
GRID = 200  # nodes at first; four times as many while a bandwidth spans fewer than 20 of them


def relplot_1_0_1(p: ArrayLike, y: ArrayLike) -> float:
    """`relplot.smECE(p, y)` of versions 1.0.0 and 1.0.1: p, y (N,) in [0, 1].

    Written after `smECE_fast` there, on kernel and grid of the installed version, which has not
    changed them. Raises LemmataError for bad input.
    """
    shaped_p, shaped_y = checked_shapes(p, y)
    x, outcome = checked_unit(shaped_p, "p"), checked_unit(shaped_y, "y")
    nodes = GRID
    masses = _masses(x, outcome, nodes)
    low, high = 0.0, 1.0  # the width that is returned is the upper end
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if round(20 / middle) > nodes:
            while round(20 / middle) > nodes:
                nodes *= 4
            masses = _masses(x, outcome, nodes)
        if middle < LEAST_WIDTH or middle < _at(masses, middle):
            low = middle
        else:
            high = middle
    return _at(masses, high)


def _masses(x: np.ndarray, outcome: np.ndarray, nodes: int) -> np.ndarray:
    found: np.ndarray = smooth_round_to_grid(x, x - outcome, eval_points=nodes) / len(x)
    return found


def _at(masses: np.ndarray, width: float) -> float:
    smoothed = ReflectedGaussianKernel(width).convolve(masses, len(masses))
    return float(np.abs(smoothed).sum() / len(masses))
