"""SmoothECE (Blasiok and Nakkiran, arXiv 2309.12236): a calibration error without bins to choose.

A prediction p in [0, 1] has the residual p - y. The residuals are smoothed by the reflected Gaussian
kernel of bandwidth s, the density of a normal step from p folded back at 0 and 1::

    K_s(t, p) = sum over k of [ phi_s(t - p - 2k) + phi_s(t + p - 2k) ]
    smECE_s   = integral over t in [0, 1] of | mean of K_s(t, p) (p - y) |

smECE_s does not grow with s, so there is one s* with smECE_{s*} = s*: that number is SmoothECE, and
it is the bandwidth too.

Method [derived]: K_s is the heat kernel of [0, 1] with reflecting walls, diagonal in the cosine
basis. Points are binned once, O(n), by linear splitting on a grid of M cells; then a bandwidth costs
one cosine transform, O(M log M), and predictions of exactly 0 and 1 count in full, as they must.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from lemmata.errors import LemmataError

Array = NDArray[np.float64]
CHUNK = 2**18  # points binned at a time: temporaries stay in the cache
# Linear splitting errs by at most 0.121 (h/s)^2 E|p - y| in L1 [derived]: 3e-4 relative at s = 20 h.
CELLS_PER_BANDWIDTH = 20
FINEST_GRID = 2**20


@dataclass(frozen=True)
class Binned:
    """Node masses of a sample on the grid t_j = j / M, j = 0..M; leading axes are replicates.

    residual: of p - y; label: of y; mass: of 1; each divided by the sample size.
    """

    residual: Array  # (..., M + 1)
    label: Array  # (..., M + 1)
    mass: Array  # (..., M + 1)

    @property
    def grid_size(self) -> int:
        """M, the number of cells."""
        return self.mass.shape[-1] - 1


def smooth_ece(
    p: ArrayLike, y: ArrayLike, grid_size: int = 2**14, tolerance: float = 1e-6
) -> float:
    """SmoothECE of predictions p (N,) for outcomes y (N,), both in [0, 1].

    The grid is doubled until the bandwidth spans 20 cells (up to 2^20 cells, below which the value
    is at most 2e-5). Raises LemmataError for empty, unequal or out-of-range input.
    """
    return float(fit(p, y, grid_size, tolerance)[1])


def fit(
    p: ArrayLike, y: ArrayLike, grid_size: int = 2**14, tolerance: float = 1e-6
) -> tuple[Binned, float]:
    """The binned sample on a grid that is fine enough, and its SmoothECE."""
    p, y = checked(p, y)
    while True:
        binned = bin_predictions(p, y, grid_size)
        value = float(solve(binned, tolerance))
        resolved = value * grid_size >= CELLS_PER_BANDWIDTH
        if resolved or grid_size >= FINEST_GRID:
            return binned, value
        grid_size *= 2


def checked(p: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """p and y as float64 arrays (N,); raises LemmataError unless they are equal-sized in [0, 1]."""
    arrays = np.asarray(p, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if arrays[0].ndim != 1 or arrays[0].shape != arrays[1].shape:
        shapes = f"p {arrays[0].shape} and y {arrays[1].shape}"
        raise LemmataError(f"{shapes}: must be two vectors of one length")
    if not arrays[0].size:
        raise LemmataError("p and y are empty: calibration needs at least one prediction")
    for name, values in zip("py", arrays, strict=True):
        # Written so that NaN fails it too.
        if not (values.min() >= 0.0 and values.max() <= 1.0):
            found = f"[{values.min()}, {values.max()}]"
            raise LemmataError(f"{name} has values in {found}: must lie in [0, 1]")
    return arrays


def bin_predictions(p: Array, y: Array, grid_size: int) -> Binned:
    """Split each point linearly onto the two grid nodes around it; p, y: (N,) in [0, 1]."""
    nodes = np.zeros((3, grid_size + 1))
    for start in range(0, p.size, CHUNK):
        part = slice(start, start + CHUNK)
        position = p[part] * grid_size  # (n,)
        left = np.minimum(position.astype(np.int64), grid_size - 1)  # (n,)
        share = position - left  # (n,) of the right node
        for row, weight in enumerate((p[part] - y[part], y[part], None)):
            right_weight = share if weight is None else weight * share
            left_weight = 1.0 - share if weight is None else weight - right_weight
            nodes[row] += np.bincount(left, left_weight, grid_size + 1)
            nodes[row, 1:] += np.bincount(left, right_weight, grid_size + 1)[:-1]
    residual, label, mass = nodes / p.size
    return Binned(residual, label, mass)


def cosine_coefficients(masses: Array) -> Array:
    """sum over j of m_j cos(pi k j / M), k = 0..M; masses (..., M + 1) -> (..., M + 1)."""
    halved = masses * 0.5
    halved[..., 0] *= 2.0
    halved[..., -1] *= 2.0  # DCT-I counts interior nodes twice, the walls once
    return np.asarray(scipy.fft.dct(halved, type=1, axis=-1))


def smoothed(coefficients: Array, bandwidth: Array | float) -> Array:
    """Values on the grid of masses smoothed by the reflected Gaussian kernel.

    coefficients: (..., M + 1) of `cosine_coefficients`; bandwidth: broadcast against its leading
    axes (...,); result: (..., M + 1), of which a density integrates to its total mass.
    """
    k = np.arange(coefficients.shape[-1])
    s = np.asarray(bandwidth, dtype=np.float64)[..., None]
    damped = coefficients * np.exp(-0.5 * (np.pi * k * s) ** 2)  # (..., M + 1)
    return np.asarray(scipy.fft.dct(damped, type=1, axis=-1))


def integral(values: Array) -> Array:
    """Trapezoid rule on [0, 1] over the last axis, (..., M + 1) -> (...)."""
    inner = values.sum(axis=-1) - 0.5 * (values[..., 0] + values[..., -1])
    return np.asarray(inner / (values.shape[-1] - 1))


def smece_at(binned: Binned, bandwidth: ArrayLike) -> Array:
    """smECE_s of a sample at each of the bandwidths (S,) -> (S,); eq. 4 of the paper [recalled]."""
    coefficients = cosine_coefficients(binned.residual)
    bandwidth = np.asarray(bandwidth, dtype=np.float64)
    return integral(np.abs(smoothed(coefficients, bandwidth)))


def solve(binned: Binned, tolerance: float = 1e-6) -> Array:
    """The fixed point smECE_s = s of each replicate, to within `tolerance`, by bisection.

    The root lies below the binned L1 error, to which smECE_s tends as s -> 0.
    """
    coefficients = cosine_coefficients(binned.residual)  # (..., M + 1)
    high = np.minimum(np.abs(binned.residual).sum(axis=-1), 1.0)  # (...)
    low = np.zeros_like(high)
    while np.max(high - low) > tolerance:
        middle = 0.5 * (low + high)
        above = integral(np.abs(smoothed(coefficients, middle))) > middle
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(0.5 * (low + high))
