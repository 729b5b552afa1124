"""Populations whose calibration is known, to measure calibration errors against.

Each sampler takes a `numpy.random.Generator` and returns (p, y), vectors of predictions in [0, 1]
and outcomes 0 or 1. Sources: arXiv 2309.12236 and its notebooks for `oscillating`; the rest [derived].
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

Array = NDArray[np.float64]
WRONG_SHARE = 0.2  # of the hard predictions in `mixed_endpoints`


def calibrated_uniform(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Uniform predictions, perfectly calibrated: P(y = 1 | p) = p."""
    p = rng.uniform(size=n)  # (N,)
    return p, _labels(p, rng)


def null_law(n: float) -> float:
    """Expected SmoothECE of `calibrated_uniform` at sample size n: (0.4238 A)^(2/3) n^(-1/3).

    A is the integral of sqrt(t (1 - t)), pi / 8. At bandwidth s the smoothed residual at t is about
    N(0, t (1 - t) / (2 sqrt(pi) s n)); its mean modulus, integrated, is set equal to s [derived].
    """
    spread = math.sqrt(2.0 / math.pi) * math.sqrt(1.0 / (2.0 * math.sqrt(math.pi)))
    return float((spread * math.pi / 8.0) ** (2.0 / 3.0) * n ** (-1.0 / 3.0))


def one_signed(n: int, power: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Uniform predictions, P(y = 1 | p) = p^power: over-confident everywhere for power > 1."""
    p = rng.uniform(size=n)  # (N,)
    return p, _labels(p**power, rng)


def one_signed_smooth_ece(power: float) -> float:
    """SmoothECE of the population `one_signed`, |E[p - y]| = |1/2 - 1/(power + 1)|."""
    return abs(0.5 - 1.0 / (power + 1.0))


def two_points(e: float) -> tuple[Array, Array]:
    """Half the mass at 1/2 - e with y = 1, half at 1/2 + e with y = 0: the whole population."""
    return np.array([0.5 - e, 0.5 + e]), np.array([1.0, 0.0])


def two_points_smooth_ece(e: float) -> float:
    """Solves s = (1/2 + e)(2 Phi(e/s) - 1), about 0.632 sqrt(e) for small e (walls left out)."""
    return float(brentq(lambda s: (0.5 + e) * (2.0 * ndtr(e / s) - 1.0) - s, 1e-12, 1.0))


def hard_predictions(n: int, error_rate: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Predictions 0 or 1 with even odds, wrong with probability `error_rate`: ECE = error_rate."""
    p = (rng.uniform(size=n) < 0.5).astype(np.float64)  # (N,)
    wrong = rng.uniform(size=n) < error_rate
    return p, np.abs(p - wrong)


def mixed_endpoints(n: int, hard_share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """A share of hard predictions, a fifth of them wrong; the rest uniform and calibrated.

    The ECE of the population is 0.2 `hard_share`.
    """
    hard = round(n * hard_share)
    ends = hard_predictions(hard, WRONG_SHARE, rng)
    rest = calibrated_uniform(n - hard, rng)
    return np.concatenate([ends[0], rest[0]]), np.concatenate([ends[1], rest[1]])


def oscillating_truth(p: Array) -> Array:
    """P(y = 1 | p) of the paper's synthetic example: (z + 0.2 sin(4 pi z) + 1) / 2, z = 2 p - 1.

    [official code] of arXiv 2309.12236.
    """
    z = 2.0 * p - 1.0
    return np.clip(0.5 * (z + 0.2 * np.sin(4.0 * np.pi * z) + 1.0), 0.0, 1.0)


def oscillating(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Uniform predictions with the outcomes of `oscillating_truth` (the paper draws n = 1000)."""
    p = rng.uniform(size=n)  # (N,)
    return p, _labels(oscillating_truth(p), rng)


def _labels(truth: Array, rng: np.random.Generator) -> Array:
    return (rng.uniform(size=truth.size) < truth).astype(np.float64)
