"""Mean and variance of a sampler's output, exactly, where the score is linear in one dimension.

Each step is x -> A x + b + sum_m B_m z_m. The coefficients are read off the sampler itself, by
pushing a few points through the step, so what is checked is the code that samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import torch
from torch import Tensor

from lemmata.diffusion.guidance import Field
from lemmata.diffusion.samplers import Sampler


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
