"""SmoothECE (smECE): Błasiok, Nakkiran, "Smooth ECE", arXiv 2309.12236; its f, sigma are p, s.

With the reflected Gaussian kernel K_s(t, p), the density at t of p + s Z folded into [0, 1],

    smECE_s = integral over t in [0, 1] of |E[K_s(t, p) (p - y)]|        (equation 4)
    smECE   = the s at which smECE_s = s                                 (definition of the paper)

K_s is the heat kernel of [0, 1] with reflecting walls, diagonal in the cosines cos(pi k t)
[derived]. So the data are read once, onto a grid t_j = j / M by linear splitting, and one discrete
cosine transform serves every bandwidth: O(N + M log M). The splitting changes smECE_s by less than
0.121 (h / s)^2 E|p - y| with h = 1 / M [derived]: by 3e-4 of it at s = 20 h.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from lemmata.calibration.fixed_point import Floats, fixed_points
from lemmata.errors import LemmataError

NODES_PER_BANDWIDTH: Final = 20
"""`smooth_ece` refines the grid until the bandwidth spans so many of its steps."""
MAX_GRID_SIZE: Final = 2**18
"""Where refining stops: values below 20 / 2^18 = 8e-5 are resolved no further."""
DAMPED: Final = 9.0
"""exp(-9^2 / 2) = 3e-18: frequencies beyond 9 / (pi s) are below rounding."""
CHUNK: Final = 2**18
"""Predictions binned at once: temporaries stay in the cache, ten times as fast at N = 1e7."""


@dataclass(frozen=True)
class Binned:
    """What smECE needs of N predictions: means over them, split between the nodes t_j = j / M.

    residual: of p - y; mass: of 1; label: of y; each (..., M + 1), leading axes are replicates.
    """

    n: int
    residual: Floats
    mass: Floats
    label: Floats

    @property
    def grid_size(self) -> int:
        """M, the number of cells."""
        return int(self.residual.shape[-1]) - 1


def smooth_ece(p: ArrayLike, y: ArrayLike, grid_size: int, tolerance: float) -> float:
    """SmECE of predictions p (N,) in [0, 1] with outcomes y (N,) in [0, 1], to +- tolerance.

    grid_size: the coarsest grid; it is refined while the bandwidth is below 20 of its steps, up to
    MAX_GRID_SIZE. Raises LemmataError as `bin_predictions` does.
    """
    return solve_refined(p, y, grid_size, tolerance)[0]


def solve_refined(
    p: ArrayLike, y: ArrayLike, grid_size: int, tolerance: float
) -> tuple[float, Binned]:
    """SmECE as `smooth_ece` has it, and the predictions binned on a grid that is fine enough."""
    while True:
        binned = bin_predictions(p, y, grid_size)
        s = float(solve(binned, tolerance))
        fine_enough = s * grid_size >= NODES_PER_BANDWIDTH
        if fine_enough or grid_size >= MAX_GRID_SIZE or not binned.residual.any():
            return s, binned
        grid_size = min(grid_size_for(s, NODES_PER_BANDWIDTH, 2 * grid_size), MAX_GRID_SIZE)


def grid_size_for(bandwidth: float, nodes: float, least: int) -> int:
    """The smallest least * 2^i with `nodes` grid steps per bandwidth, at most MAX_GRID_SIZE."""
    size = least
    while size * bandwidth < nodes and size < MAX_GRID_SIZE:
        size *= 2
    return size


def bin_predictions(p: ArrayLike, y: ArrayLike, grid_size: int, chunk: int = CHUNK) -> Binned:
    """Split each prediction linearly between its two neighbours among grid_size + 1 nodes.

    p, y: (N,) in [0, 1]; only means per node are kept, in O(grid_size + chunk) memory. Raises
    LemmataError for shapes that differ, no predictions, or a value outside [0, 1] or not finite.
    """
    p, y = checked_shapes(p, y)
    if grid_size < 2:
        raise LemmataError(f"grid_size = {grid_size}: must be at least 2")
    sums = np.zeros((5, grid_size))  # (5, M) moments of each cell
    for start in range(0, p.size, chunk):
        part = slice(start, start + chunk)
        sums += _cell_moments(checked_unit(p[part], "p"), checked_unit(y[part], "y"), grid_size)
    one, a, aa, label, label_a = sums  # each (M,)
    cell = np.arange(grid_size)
    r = (cell * one + a) / grid_size - label  # (M,) sum of p - y, as p = (cell + a) / M
    r_a = (cell * a + aa) / grid_size - label_a  # (M,) sum of (p - y) a
    nodes = [_to_nodes(*pair) / p.size for pair in ((r, r_a), (one, a), (label, label_a))]
    return Binned(p.size, *nodes)


def _cell_moments(p: Floats, y: Floats, grid_size: int) -> Floats:
    """Per cell the sums of 1, a, a^2, y and y a, with a in [0, 1] the place in the cell: (5, M)."""
    x = p * grid_size
    cell = np.minimum(x.astype(np.int64), grid_size - 1)  # p = 1 ends the last cell
    a = x - cell
    weights = (None, a, a * a, y, y * a)
    return np.stack([np.bincount(cell, weights=w, minlength=grid_size) for w in weights])


def _to_nodes(total: Floats, total_a: Floats) -> Floats:
    """Node masses from cell sums of w and w a: w (1 - a) to the left node, w a to the right one."""
    nodes = np.zeros(total.size + 1)
    nodes[:-1] += total - total_a
    nodes[1:] += total_a
    return nodes


def checked_shapes(p: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """p and y as arrays of one axis and the same length; LemmataError otherwise."""
    predictions, outcomes = np.asarray(p), np.asarray(y)
    if predictions.ndim != 1 or predictions.shape != outcomes.shape:
        found = f"p has shape {predictions.shape}, y {outcomes.shape}"
        raise LemmataError(f"{found}: both must be (N,)")
    if predictions.size == 0:
        raise LemmataError("p and y are empty: at least one prediction is needed")
    return predictions, outcomes


def checked_unit(values: NDArray[np.generic], name: str) -> Floats:
    """`values` as float64; LemmataError unless all lie in [0, 1]."""
    x = values.astype(np.float64, copy=False)
    if not (x.min() >= 0.0 and x.max() <= 1.0):  # false for NaN too
        raise LemmataError(f"{name} holds {x.min()} to {x.max()}: must lie in [0, 1]")
    return x


def cosine_coefficients(node_masses: Floats) -> Floats:
    """C_k = sum over j of m_j cos(pi k j / M), k = 0..M. (..., M + 1) -> (..., M + 1)."""
    halved = node_masses * 0.5  # DCT-I counts inner nodes twice
    halved[..., [0, -1]] *= 2.0
    return np.asarray(fft.dct(halved, type=1, axis=-1))


def smooth(coefficients: Floats, bandwidth: ArrayLike) -> Floats:
    """Values at the nodes of sum over j of m_j K_s(t, t_j), from the cosine coefficients of m.

    coefficients (..., M + 1), bandwidth broadcasting with the leading axes -> (..., M + 1).
    """
    s = np.asarray(bandwidth, dtype=np.float64)[..., np.newaxis]  # (..., 1)
    # Frequencies that the kernel damps below rounding are left out: of large bandwidths, most.
    least = float(s.min(initial=np.inf))
    size = coefficients.shape[-1]
    kept = min(size, math.ceil(DAMPED / (math.pi * least)) + 1) if least > 0.0 else size
    k = np.arange(kept)
    factors = np.exp(-0.5 * (np.pi * k * s) ** 2)  # (..., K)
    shape = np.broadcast_shapes(coefficients.shape[:-1], s.shape[:-1])
    damped = np.zeros((*shape, size))  # (..., M + 1)
    damped[..., :kept] = coefficients[..., :kept] * factors
    return np.asarray(fft.dct(damped, type=1, axis=-1, overwrite_x=True))


def integrate(values: Floats) -> Floats:
    """Trapezoid rule over [0, 1]. (..., M + 1) -> (...)."""
    inner = values.sum(axis=-1) - 0.5 * (values[..., 0] + values[..., -1])
    return np.asarray(inner / (values.shape[-1] - 1))


def smece_at(binned: Binned, bandwidth: ArrayLike) -> Floats:
    """SmECE_s at bandwidth s (equation 4); non-increasing in s.

    Bandwidths (B,) of one sample give (B,); bandwidths (R,) of R replicates give (R,), one each.
    """
    return integrate(np.abs(smooth(cosine_coefficients(binned.residual), bandwidth)))


def solve(binned: Binned, tolerance: float) -> Floats:
    """The fixed point s = smECE_s of each replicate, to +- tolerance: (..., M + 1) -> (...).

    Raises LemmataError for a tolerance outside (0, 1).
    """
    leading = binned.residual.shape[:-1]
    coefficients = cosine_coefficients(binned.residual).reshape(-1, binned.grid_size + 1)
    return fixed_points(values_of(coefficients), len(coefficients), tolerance).reshape(leading)


def values_of(coefficients: Floats) -> Callable[[NDArray[np.int64], Floats], Floats]:
    """What SmECE_s is of rows (R,) of cosine coefficients (..., M + 1) at bandwidths (R,): (R,)."""
    block = max(CHUNK // coefficients.shape[-1], 1)  # a block and what is made of it stay in cache

    def value_at(rows: NDArray[np.int64], s: Floats) -> Floats:
        parts = [slice(start, start + block) for start in range(0, len(rows), block)]
        values = [integrate(np.abs(smooth(coefficients[rows[p]], s[p]))) for p in parts]
        return np.concatenate(values)

    return value_at
