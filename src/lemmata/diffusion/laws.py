"""The laws that the studies sample from, by the text that uses them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from lemmata.diffusion.mixture import GaussianMixture


@lru_cache  # training asks for it at every step
def three_bumps() -> GaussianMixture:
    """The one-dimensional mixture on which the tutorial's facts are checked [ours]."""
    return GaussianMixture([0.3, 0.5, 0.2], [[-2.0], [0.5], [3.0]], [[[0.16]], [[0.09]], [[0.49]]])


def clusters(mu: float) -> GaussianMixture:
    """Two classes, N(-mu, 1) and N(mu, 1): the second counterexample's kind [recalled]."""
    return GaussianMixture([0.5, 0.5], [[-mu], [mu]], [[[1.0]], [[1.0]]], [0, 1])


@lru_cache
def six_gaussians() -> GaussianMixture:
    """Three classes of two Gaussians each, on a circle of radius 1.6, std 0.35 [ours]."""
    angles = np.deg2rad([0, 60, 120, 180, 240, 300])
    means = 1.6 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    covariances = np.broadcast_to(0.35**2 * np.eye(2), (6, 2, 2))
    return GaussianMixture([1.0] * 6, means, covariances, [0, 0, 1, 1, 2, 2])


def point_masses(points: list[float]) -> GaussianMixture:
    """Equal point masses on a line: the exact score of an empirical law."""
    return GaussianMixture(
        [1.0] * len(points), [[p] for p in points], np.zeros((len(points), 1, 1))
    )


SPIRAL_TURNS = 1.5
SPIRAL_RADIUS = 2.0


def spiral(count: int, generator: torch.Generator) -> Tensor:
    """Points (count, 2) uniform in angle along a spiral of radius 2, without noise [ours]."""
    share = torch.rand(count, generator=generator, dtype=torch.float64)
    return spiral_at(share)


def spiral_at(share: Tensor) -> Tensor:
    """The spiral's points (N, 2) at shares of its angle, from the centre's 1/5 outwards."""
    angle = 2.0 * math.pi * SPIRAL_TURNS * (0.2 + 0.8 * share)
    radius = SPIRAL_RADIUS * (0.2 + 0.8 * share)
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)


def spiral_distance(points: Tensor) -> Tensor:
    """Distance (N,) to the nearest of 4,000 points along the spiral."""
    whole = spiral_at(torch.linspace(0.0, 1.0, 4000, dtype=torch.float64))
    return torch.cdist(points.double(), whole).min(dim=1).values


def annulus(count: int, generator: torch.Generator) -> Tensor:
    """Points (count, 2) uniform over the annulus of radii 3 and 4: a flow's base."""
    draws = torch.rand(count, 2, generator=generator, dtype=torch.float64)
    radius = (9.0 + 7.0 * draws[:, 0]).sqrt()
    angle = 2.0 * math.pi * draws[:, 1]
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
