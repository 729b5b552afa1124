"""One reverse step of the tutorial's diffusion (arXiv 2406.08929): its mean, its law, its KL.

One-dimensional mixtures, by quadrature on a grid that the step's own scale chooses.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lemmata.diffusion.mixture import GaussianMixture

Floats = NDArray[np.float64]
REACH = 12.0
"""Standard deviations on each side of the quadrature."""
POINTS = 20_001


class ReverseLaw(NamedTuple):
    """p(x0 | x1 = z) on a grid: x (N,), log density (N,), the grid's width."""

    x: Floats
    log_density: Floats
    width: float

    def mean(self) -> float:
        """Its mean."""
        return float((self.x * np.exp(self.log_density)).sum() * self.width)


def reverse_law(data: GaussianMixture, z: float, sigma: float, level: float = 0.0) -> ReverseLaw:
    """p(x0 | x1 = z) with x1 = x0 + N(0, sigma^2), x0 from the data at a noise level."""
    x = z + sigma * np.linspace(-REACH, REACH, POINTS)
    width = x[1] - x[0]
    log_joint = log_density(data, x, level) - 0.5 * ((z - x) / sigma) ** 2
    log_norm = np.logaddexp.reduce(log_joint) + math.log(width)
    return ReverseLaw(x, log_joint - log_norm, float(width))


def kl_of_gaussian(law: ReverseLaw, mean: float, sigma: float) -> float:
    """KL(N(mean, sigma^2) || law): what a Gaussian step gets wrong (Lemma 1)."""
    log_step = -0.5 * ((law.x - mean) / sigma) ** 2 - math.log(sigma * math.sqrt(2 * math.pi))
    return float((np.exp(log_step) * (log_step - law.log_density)).sum() * law.width)


def log_density(data: GaussianMixture, x: Floats, level: float = 0.0) -> Floats:
    """log p (N,) at x (N,)."""
    found: Floats = data.log_density(torch.from_numpy(x)[:, None], level).numpy()
    return found


def score(data: GaussianMixture, x: float, level: float = 0.0) -> float:
    """d log p / dx at one point."""
    return float(data.score(torch.tensor([[x]], dtype=torch.float64), level)[0, 0])


def curvature(data: GaussianMixture, x: float) -> float:
    """d^2 log p / dx^2 at one point, by automatic differentiation."""
    point = torch.tensor([[x]], dtype=torch.float64, requires_grad=True)
    (second,) = torch.autograd.grad(data.score(point).sum(), point)
    return float(second[0, 0])
