"""Mean and variance of a sampler's output, exactly, where the score is linear in one dimension.

Each step is x -> A x + b + sum_m B_m z_m. The coefficients are read off the sampler itself, by
pushing a few points through the step, so what is checked is the code that samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from lemmata.diffusion.gaussian import GaussianScore
from lemmata.diffusion.guidance import Field
from lemmata.diffusion.samplers import Sampler, last


def propagate(
    sampler: Sampler,
    score: Field,
    levels: Iterable[float],
    mean: float,
    variance: float,
    draws: int,
) -> tuple[float, float]:
    """(mean, variance) at the last level. draws: most calls of the noise in one step."""
    for s, t in itertools.pairwise(levels):
        calls = itertools.count()

        def noise(like: Tensor, calls: itertools.count[int] = calls) -> Tensor:
            one = torch.zeros_like(like)  # call m moves row 2 + m alone, by one unit
            one[2 + next(calls)] = 1.0
            return one

        x = torch.zeros(2 + draws, 1, dtype=torch.float64)
        x[1] = 1.0
        (out,) = sampler(score, x, (s, t), noise)
        shift = out[0]
        gain, pushes = out[1] - shift, out[2:] - shift
        mean = float(gain * mean + shift)
        variance = float(gain**2 * variance + pushes.square().sum())
    return mean, variance


def propagate_flow(sampler: Sampler, example: GaussianScore, steps: int) -> tuple[float, float]:
    """(mean, variance) of a deterministic sampler of the linear flow from N(0, 1), uniform times.

    Its map is affine, so two points tell it.
    """
    x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    times = [float(t) for t in np.linspace(1.0, 0.0, steps + 1)]
    end = last(sampler(example.velocity, x, times, torch.zeros_like))
    return float(end[0]), float((end[1] - end[0]) ** 2)
