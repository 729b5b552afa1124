"""The Gaussian example: c ~ N(0, 1), x0 | c ~ N(c, 1), so x0 ~ N(0, 2). Closed forms for T -> inf.

Variances and means are those of arXiv 2408.09000's first counterexample as public sources restate
it, integrated to closed form [derived]; g is the guidance weight. The condition is the value of c,
not a class, so the fields are written out here.
"""

from __future__ import annotations

import math

import torch
from scipy.integrate import quad
from torch import Tensor

from lemmata.diffusion.guidance import guided
from lemmata.errors import LemmataError


class GaussianScore:
    """score(x, level, weight) of the example for one value of c."""

    def __init__(self, c: float) -> None:
        self.c = c

    def __call__(self, x: Tensor, level: float, guidance_weight: float) -> Tensor:
        """The guided score at x, any shape, in the VE view."""
        s = level**2
        return guided(lambda: -(x - self.c) / (1 + s), lambda: -x / (2 + s), guidance_weight)

    def velocity(self, x: Tensor, time: float, guidance_weight: float) -> Tensor:
        """The guided velocity of the linear flow from N(0, 1): E[x0 - x1 | x]."""
        a, t = 1.0 - time, time

        def field(mean: float, variance: float) -> Tensor:
            gain = (a * variance - t) / (a * a * variance + t * t)  # cov(x0 - x1, x) / var x
            return mean + gain * (x - a * mean)

        return guided(lambda: field(self.c, 1.0), lambda: field(0.0, 2.0), guidance_weight)


def variance_ddim(g: float) -> float:
    """Variance of CFG-DDIM: 2^(1 - g)."""
    return float(2.0 ** (1.0 - g))


def variance_ddpm(g: float) -> float:
    """Variance of CFG-DDPM: (2 - 2^(2 - 2g)) / (2g - 1), log 4 at g = 1/2."""
    k = 2.0 * g - 1.0
    if abs(k) < 1e-12:
        return math.log(4.0)
    return -2.0 * math.expm1(-k * math.log(2.0)) / k


def variance_powered(g: float) -> float:
    """Variance of the gamma-powered law: 2 / (g + 1)."""
    _integrable(g)
    return 2.0 / (g + 1.0)


def mean_ddim(g: float) -> float:
    """Mean of CFG-DDIM over c: 2^((1 - g)/2) g int_0^sqrt(1/2) (1 - w^2)^(-1 - g/2) dw."""
    value, _ = quad(lambda w: (1 - w * w) ** (-1 - g / 2), 0.0, math.sqrt(0.5), epsabs=1e-13)
    return float(2.0 ** ((1 - g) / 2) * g * value)


def mean_ddpm(g: float) -> float:
    """Mean of CFG-DDPM over c: 2 - 2^(1 - g)."""
    return float(2.0 - 2.0 ** (1.0 - g))


def mean_powered(g: float) -> float:
    """Mean of the gamma-powered law over c: 2g / (g + 1)."""
    _integrable(g)
    return 2.0 * g / (g + 1.0)


def variance_pcg(g: float, corrections: float) -> float:
    """V_K: variance of PCG(g, K) for c = 0 in the limit of small steps, K > 0, whole or not.

    K 2^(K (1 - g)) int_1/2^1 u^-(1 + K g) (1 - u)^(K - 1) du. A corrector of step size kappa with
    one step is K = kappa.
    """
    k = corrections
    if k <= 0:
        raise LemmataError(f"variance_pcg: corrections = {k}: must be positive")

    # u = 1 - w^(1/k) takes the end's singularity away; the large power of two goes inside.
    def density(w: float) -> float:
        u = 1.0 - w ** (1.0 / k)
        return float(math.exp(k * (1 - g) * math.log(2.0) - (1 + k * g) * math.log(u)))

    value, _ = quad(density, 0.0, 0.5**k, epsabs=1e-14, limit=200)
    return float(value)


def _integrable(g: float) -> None:
    if g <= -1.0:
        raise LemmataError(f"guidance weight {g}: the powered law needs more than -1")


def start_law(c: float, level: float, generator: torch.Generator, count: int) -> Tensor:
    """Draws (count, 1) of the conditional law at a noise level, where samplers start."""
    z = torch.randn(count, 1, dtype=torch.float64, generator=generator)
    return c + math.sqrt(1.0 + level**2) * z
