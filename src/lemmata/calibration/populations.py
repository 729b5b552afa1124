"""Populations whose calibration is known, to measure calibration errors against.

Each sampler takes a `numpy.random.Generator` and returns predictions p in [0, 1] and outcomes y, 0
or 1, as vectors (N,). The known values are [derived] from the definitions of Błasiok, Nakkiran,
arXiv 2309.12236; `oscillating` is the synthetic example of its notebooks [official code].
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from scipy.optimize import brentq
from scipy.special import expit, ndtr
from scipy.stats import norm

from lemmata.data.synthetic import oscillating_truth

Array = NDArray[np.float64]
WRONG_SHARE: Final = 0.2
"""Of the hard predictions in `mixed_endpoints`."""
SATURATED: Final = (6.0, 3.0)
"""Mean and deviation of the logits of `saturated`."""
UNIFORM_AREA: Final = math.pi / 8
"""Integral of sqrt(t (1 - t)): A of `null_law` for uniform predictions."""
OSCILLATING_ECE: Final = 0.2 / math.pi
"""E|p - P(y = 1 | p)| of `oscillating`: the mean of |0.1 sin(4 pi z)|."""


def calibrated_uniform(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Uniform predictions, perfectly calibrated: P(y = 1 | p) = p."""
    p = rng.uniform(size=n)  # (N,)
    return p, _labels(p, rng)


def null_law(n: float, area: float = UNIFORM_AREA) -> float:
    """Expected SmoothECE of n perfectly calibrated predictions: (0.4238 A)^(2/3) n^(-1/3).

    A is the integral of sqrt(t (1 - t) rho(t)) for predictions of density rho. At bandwidth s the
    smoothed residual at t is about N(0, t (1 - t) rho(t) / (2 sqrt(pi) s n)); its mean modulus,
    integrated, is set equal to s [derived]. Uniform predictions: 0.3026 n^(-1/3).
    """
    spread = math.sqrt(2.0 / math.pi) * math.sqrt(1.0 / (2.0 * math.sqrt(math.pi)))
    return float((spread * area) ** (2.0 / 3.0) * n ** (-1.0 / 3.0))


def one_signed(n: int, power: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Uniform predictions, P(y = 1 | p) = p^power: over-confident everywhere for power > 1."""
    p = rng.uniform(size=n)  # (N,)
    return p, _labels(p**power, rng)


def one_signed_smooth_ece(power: float) -> float:
    """SmoothECE of the population `one_signed`, |E[p - y]| = |1/2 - 1/(power + 1)|."""
    return abs(0.5 - 1.0 / (power + 1.0))


def two_points(e: float) -> tuple[Array, Array]:
    """Half the mass at 1/2 - e with y = 1, half at 1/2 + e with y = 0: the whole population.

    Moving predictions by e calibrates it, yet its ECE is 1/2 + e for every e > 0.
    """
    return np.array([0.5 - e, 0.5 + e]), np.array([1.0, 0.0])


def two_points_smooth_ece(e: float) -> float:
    """SmoothECE of the population `two_points`, e > 0: about 0.632 sqrt(e) for small e."""
    return _opposite_smooth_ece(0.5 - e, 0.5 + e)


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


def saturated(n: int, temperature: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Confidences of a saturated network: 38% above 0.999, over-confident by a temperature.

    P(y = 1 | p) = expit(logit(p) / temperature). logit(p) is normal with mean 6 and deviation 3,
    folded at 0, so that 38% of the confidences are above 0.999 [derived]. In float32, as networks
    give them: some are exactly 1.
    """
    z = np.abs(rng.normal(*SATURATED, n))  # (N,)
    p = expit(z).astype(np.float32).astype(np.float64)
    return p, _labels(expit(z / temperature), rng)


def saturated_ece(temperature: float) -> float:
    """E|p - P(y = 1 | p)| of `saturated`, by quadrature over the normal logit."""
    mean, std = SATURATED
    z = np.linspace(mean - 12 * std, mean + 12 * std, 200_001)
    gap = np.abs(expit(np.abs(z)) - expit(np.abs(z) / temperature))
    return float(trapezoid(gap * norm.pdf(z, mean, std), z))


def endpoints_smooth_ece(ece: float) -> float:
    """SmoothECE of `hard_predictions` and `mixed_endpoints`, ece > 0: hardly below the ECE.

    Calibrated predictions add no residual, so only mass ece / 2 of opposite signs is at the ends.
    """
    return _opposite_smooth_ece(0.0, ece)


def oscillating(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Uniform predictions with the outcomes of `oscillating_truth` (the paper draws n = 1000)."""
    p = rng.uniform(size=n)  # (N,)
    return p, _labels(oscillating_truth(p), rng)


def folded_left(x: float, s: float) -> float:
    """P(a reflected Gaussian of width s <= 1 from x in [0, 1] ends left of 1/2)."""
    k = 2.0 * np.arange(-4, 5)  # the images 2 k + [-1/2, 1/2] fold onto the left half
    return float(np.sum(ndtr((k + 0.5 - x) / s) - ndtr((k - 0.5 - x) / s)))


def _opposite_smooth_ece(x: float, residual: float) -> float:
    """SmoothECE of half the mass at x < 1/2, half at 1 - x, with p - y = -+ residual.

    Solves s = residual (2 P_s - 1), P_s = `folded_left(x, s)`: the smoothed residual is odd about
    1/2 and of one sign on either side of it, so this counts the walls exactly [derived].
    """
    gap = 0.5 - x
    # From where the right side, about 2 phi(0) gap / s for large s, is surely above s.
    low = 0.1 * min(residual, math.sqrt(residual * gap))
    return float(brentq(lambda s: residual * (2.0 * folded_left(x, s) - 1.0) - s, low, 1.0))


def _labels(truth: Array, rng: np.random.Generator) -> Array:
    return (rng.uniform(size=truth.size) < truth).astype(np.float64)
