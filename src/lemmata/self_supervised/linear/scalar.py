"""One feature of a deep linear JEPA or MAE from an aligned balanced start: exact dynamics.

Every factor, the L encoder layers and the decoder, starts at s0 = eps^(1/L) and stays equal to one
scalar w(t) per feature; the encoder's amplitude is w^L. With lambda the feature's covariance
between the views and rho its regression coefficient::

    JEPA   dw/dt = lambda w^(2L) (1 - w / rho)              ends at w = rho
    MAE    dw/dt = lambda w^L (1 - w^(L+1) / rho)           ends at w = rho^(1/(L+1))

**Time**, here and in the whole project, is that of gradient flow at unit rate on every layer, so
that t = steps times learning rate. arXiv 2407.03475 is quoted with a factor L in the critical time
and none in the equation of w^L: that is time times L.

Both equations are separable [derived; JEPA's form and critical time agree, up to that factor, with
quotations of the paper's Theorems 4.4 and 4.5]. All is float64: times span six decades and more.
Sweep depth at fixed eps, not at fixed s0: the bias towards rho grows with eps^(1/L).
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.special import digamma, hyp2f1

from lemmata.errors import LemmataError

Objective = Literal["jepa", "mae"]
Floats = NDArray[np.float64]
OBJECTIVES: Final[tuple[Objective, Objective]] = ("jepa", "mae")
MEASURABLE: Final = 3.0
"""A critical time means something where its level is this many times the start [ours]."""


def rate(objective: Objective, w: ArrayLike, depth: int, lam: float, rho: float) -> Floats:
    """dw/dt of the scalar dynamics at w of any shape."""
    x = np.asarray(w, dtype=np.float64)
    if objective == "jepa":
        return lam * x ** (2 * depth) * (1.0 - x / rho)
    return lam * x**depth * (1.0 - x ** (depth + 1) / rho)


def layer_limit(objective: Objective, depth: int, rho: float) -> float:
    """Where w ends: rho for JEPA, rho^(1/(L+1)) for MAE."""
    return rho if objective == "jepa" else float(rho ** (1.0 / (depth + 1)))


def amplitude_limit(objective: Objective, depth: int, rho: float) -> float:
    """Where the encoder's amplitude w^L ends: rho^L for JEPA, rho^(L/(L+1)) for MAE."""
    return layer_limit(objective, depth, rho) ** depth


def layer_scale(depth: int, eps: float) -> float:
    """s0 = eps^(1/L): the start of every factor where the encoder's product starts at eps."""
    return float(eps ** (1.0 / depth))


def time_to(
    objective: Objective, w: ArrayLike, depth: int, lam: float, rho: float, eps: float
) -> Floats:
    """The times at which w(t) is w, exactly; w of any shape, between the start and the limit.

    Features that start above their limit only shrink. Raises LemmataError for w outside, and for
    lambda or rho that are not positive: such a feature is never learned.
    """
    _check(depth, lam, rho, eps)
    start, limit = layer_scale(depth, eps), layer_limit(objective, depth, rho)
    x = np.asarray(w, dtype=np.float64)
    if not np.all((x >= min(start, limit)) & (x <= max(start, limit)) & (x != limit)):
        raise LemmataError(
            f"time_to: w = {x}: must lie between its start {start:g} and limit {limit:g}"
        )
    if objective == "jepa":
        unit = 1.0 / (lam * rho ** (2 * depth - 1))
        return unit * (_jepa_clock(x / rho, depth) - _jepa_clock(start / rho, depth))
    if depth == 1:
        return np.log((rho / start**2 - 1.0) / (rho / x**2 - 1.0)) / (2.0 * lam)
    unit = 1.0 / (lam * limit ** (depth - 1))
    return unit * (_mae_clock(x / limit, depth) - _mae_clock(start / limit, depth))


def critical_time(
    objective: Objective, depth: int, lam: float, rho: float, eps: float, share: float = 0.5
) -> float:
    """First time at which the amplitude w^L is `share` of its limit; nan where it starts above."""
    w = share ** (1.0 / depth) * layer_limit(objective, depth, rho)
    if layer_scale(depth, eps) >= w:
        return float("nan")
    return float(time_to(objective, w, depth, lam, rho, eps))


def measurable(
    objective: Objective, depth: int, rho: float, eps: float, share: float = 0.5
) -> bool:
    """Whether the level of `critical_time` is far enough above the start to speak of learning."""
    return share * amplitude_limit(objective, depth, rho) >= MEASURABLE * eps


def critical_time_by_quadrature(
    objective: Objective, depth: int, lam: float, rho: float, eps: float, share: float = 0.5
) -> float:
    """The same by adaptive quadrature of dw / rate, in log w: the reference of the closed form."""
    low = layer_scale(depth, eps)
    high = share ** (1.0 / depth) * layer_limit(objective, depth, rho)

    def integrand(u: float) -> float:
        w = float(np.exp(u))
        return w / float(rate(objective, w, depth, lam, rho))

    # Scaled so that the integrand is of order one where it is largest, at the start.
    scale = integrand(float(np.log(low)))
    ends = float(np.log(low)), float(np.log(high))
    found, _ = quad(lambda u: integrand(u) / scale, *ends, epsabs=0.0, epsrel=1e-13, limit=500)
    return float(found * scale)


def asymptotic_time(objective: Objective, depth: int, lam: float, rho: float, eps: float) -> float:
    """The critical time's divergent terms for eps -> 0, without JEPA's logarithm.

    JEPA: sum over n = 1..2L-1 of 1 / (n rho^(2L-1-n) eps^(n/L)), over lambda; its leading term has
    lambda alone, rho enters by the terms after it. MAE: eps^(-(L-1)/L) / ((L-1) lambda), and
    log(1/eps) / lambda for L = 1: rho enters at order one only.
    """
    _check(depth, lam, rho, eps)
    if objective == "jepa":
        n = np.arange(1, 2 * depth)
        return float((1.0 / (n * rho ** (2 * depth - 1 - n) * eps ** (n / depth))).sum() / lam)
    if depth == 1:
        return float(np.log(1.0 / eps) / lam)
    return float(eps ** (-(depth - 1) / depth) / ((depth - 1) * lam))


def amplitude(
    objective: Objective, times: ArrayLike, depth: int, lam: float, rho: float, eps: float
) -> Floats:
    """The encoder's amplitude w(t)^L at times >= 0 of any shape: the exact time, inverted."""
    start, limit = layer_scale(depth, eps), layer_limit(objective, depth, rho)
    asked = np.asarray(times, dtype=np.float64)
    # Bisection in the share of the way, on a logarithmic scale near either end.
    low, high = np.full(asked.shape, -30.0), np.full(asked.shape, 30.0)
    for _ in range(60):
        middle = (low + high) / 2
        w = start + (limit - start) / (1.0 + np.exp(-middle))
        early = time_to(objective, w, depth, lam, rho, eps) < asked
        low, high = np.where(early, middle, low), np.where(early, high, middle)
    return np.asarray((start + (limit - start) / (1.0 + np.exp(-low))) ** depth)


def _jepa_clock(psi: ArrayLike, depth: int) -> Floats:
    """F(psi), whose derivative is psi^(-2L) / (1 - psi).

    Below 1: ln(psi / (1 - psi)) - sum over n = 1..2L-1 of 1 / (n psi^n). Above 1, where a feature
    shrinks, what the sum leaves of the logarithm: psi^(-2L) / (2L) 2F1(1, 2L; 1 + 2L; 1 / psi).
    """
    x = np.asarray(psi, dtype=np.float64)
    if np.all(x < 1.0):
        powers = [1.0 / (n * x**n) for n in range(1, 2 * depth)]
        return np.asarray(np.log(x / (1.0 - x)) - np.sum(powers, axis=0))
    return x ** (-2.0 * depth) / (2 * depth) * _hypergeometric(2 * depth, 1.0 / x)


def _mae_clock(u: ArrayLike, depth: int) -> Floats:
    """G(u), whose derivative is u^(-L) / (1 - u^(L+1)), for L > 1.

    Below 1: u^(1-L) / (1-L) 2F1(1, a; 1 + a; u^(L+1)), a = (1-L) / (L+1). Above 1, where a feature
    shrinks, the same integral in 1/u: u^(-2L) / (2L) 2F1(1, b; 1 + b; u^(-L-1)), b = 2L / (L+1).
    """
    x = np.asarray(u, dtype=np.float64)
    a, b = (1 - depth) / (depth + 1), 2 * depth / (depth + 1)
    if np.all(x < 1.0):
        return x ** (1 - depth) / (1 - depth) * _hypergeometric(a, x ** (depth + 1))
    return x ** (-2.0 * depth) / (2 * depth) * _hypergeometric(b, x ** (-depth - 1.0))


def _hypergeometric(b: float, z: Floats) -> Floats:
    """2F1(1, b; 1 + b; z) for 0 < z < 1.

    Near 1, where SciPy loses digits and signs, by its series in 1 - z (Abramowitz and Stegun
    15.3.10): b sum over n of (b)_n / n! [psi(n + 1) - psi(b + n) - ln(1 - z)] (1 - z)^n.
    """
    rest = 1.0 - z
    series, weight = np.zeros_like(z), np.full_like(z, b)
    for n in range(64):
        series = series + weight * (digamma(n + 1) - digamma(b + n) - np.log(rest))
        weight = weight * (b + n) / (n + 1) * rest
    return np.asarray(np.where(rest < 0.25, series, hyp2f1(1.0, b, 1.0 + b, np.minimum(z, 0.75))))


def _check(depth: int, lam: float, rho: float, eps: float) -> None:
    if depth < 1:
        raise LemmataError(f"linear network: depth = {depth}: must be 1 or more")
    if not (lam > 0 and rho > 0 and 0 < eps < 1):
        raise LemmataError(
            f"linear network: lambda = {lam:g}, rho = {rho:g}, eps = {eps:g}: the first two must be"
            " positive, as other features are never learned, and eps within (0, 1)"
        )
