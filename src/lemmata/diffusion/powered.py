"""gamma-powered laws p(x|c)^g p(x)^(1 - g), normalised on a grid in one or two dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lemmata.diffusion.guidance import guide
from lemmata.diffusion.mixture import GaussianMixture
from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
POINTS = {1: 400_001, 2: 721}
"""Grid points along each axis."""


@dataclass(frozen=True)
class PoweredLaw:
    """A law on a grid. axes: D arrays of points; probability: of the cells, D axes, sum 1."""

    axes: tuple[Floats, ...]
    probability: Floats

    def mean(self) -> Floats:
        """(D,)."""
        return np.array([self._moment(k, self.axes[k]) for k in range(len(self.axes))])

    def variance(self) -> Floats:
        """(D,) along the axes; their sum is the covariance's trace."""
        mean = self.mean()
        centred = [self.axes[k] - mean[k] for k in range(len(self.axes))]
        return np.array([self._moment(k, c * c) for k, c in enumerate(centred)])

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Draws (count, D): cells by their probability, uniform within."""
        flat = rng.choice(self.probability.size, count, p=self.probability.ravel())
        places = np.unravel_index(flat, self.probability.shape)
        jitter = rng.random((count, len(self.axes))) - 0.5
        points = [axis[place] for axis, place in zip(self.axes, places, strict=True)]
        widths = np.array([axis[1] - axis[0] for axis in self.axes])
        found: Floats = np.stack(points, axis=1) + jitter * widths
        return found

    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles of a one-dimensional law. shares: in (0, 1)."""
        reach = np.cumsum(self.probability) - 0.5 * self.probability
        return np.interp(shares, reach, self.axes[0])

    def _moment(self, axis: int, values: Floats) -> float:
        others = tuple(k for k in range(len(self.axes)) if k != axis)
        return float(self.probability.sum(axis=others) @ values)


def powered_law(
    own: GaussianMixture, whole: GaussianMixture, guidance_weight: float, reach: float
) -> PoweredLaw:
    """own^g whole^(1 - g), normalised on [-reach, reach]^D; own: p(x|c), whole: p(x).

    Raises LemmataError in other dimensions, and where the grid cuts off more than a millionth of
    the density's peak.
    """
    dimension = whole.dimension
    if dimension not in POINTS:
        raise LemmataError(f"powered law: dimension {dimension}: allowed: 1, 2")
    axis = np.linspace(-reach, reach, POINTS[dimension])
    grid = np.meshgrid(*[axis] * dimension, indexing="ij")
    points = torch.from_numpy(np.stack([g.ravel() for g in grid], axis=1))  # (N, D)
    parts = [
        guide(own.log_density(x), whole.log_density(x), guidance_weight)
        for x in torch.split(points, 65_536)
    ]
    log_density = torch.cat(parts).numpy().reshape([len(axis)] * dimension)
    density = np.exp(log_density - log_density.max())
    edge = max(
        float(np.take(density, side, axis=k).max()) for k in range(dimension) for side in (0, -1)
    )
    if edge > 1e-6:
        raise LemmataError(
            f"powered law: at weight {guidance_weight:g} the density at the grid's edge"
            f" ({reach:g}) is {edge:.1e} of its peak; not integrable, or the grid too small"
        )
    return PoweredLaw((axis,) * dimension, density / density.sum())
