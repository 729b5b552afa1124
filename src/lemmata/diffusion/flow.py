"""Samplers along velocity fields, of the signature of `samplers`.

Time runs as in arXiv 2406.08929: t = 0 is data, t = 1 the base, and dx/dt = -v, so a step of
length dt from t to t - dt is x + v dt [its equation 70 has the other sign in print].
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from torch import Tensor

from lemmata.diffusion.guidance import Field
from lemmata.diffusion.samplers import Noise, Sampler
from lemmata.errors import LemmataError


def flow_euler(guidance_weight: float) -> Sampler:
    """Euler steps along velocity(x, t, weight) (Procedure 5); the grid holds times, not levels."""

    def run(velocity: Field, x: Tensor, times: Sequence[float], _noise: Noise) -> Iterator[Tensor]:
        for s, t in _steps(times):
            x = x + (s - t) * velocity(x, s, guidance_weight)
            yield x

    return run


def flow_heun(guidance_weight: float) -> Sampler:
    """Heun's second-order steps along velocity(x, t, weight)."""

    def run(velocity: Field, x: Tensor, times: Sequence[float], _noise: Noise) -> Iterator[Tensor]:
        for s, t in _steps(times):
            first = velocity(x, s, guidance_weight)
            ahead = x + (s - t) * first
            x = x + 0.5 * (s - t) * (first + velocity(ahead, t, guidance_weight))
            yield x

    return run


def _steps(times: Sequence[float]) -> Iterator[tuple[float, float]]:
    found = [float(t) for t in times]
    falling = all(s > t for s, t in itertools.pairwise(found))
    if len(found) < 2 or not falling or not found[-1] >= 0.0 or found[0] > 1.0:
        raise LemmataError("sampler: flow times must be 2 or more, falling, within [0, 1]")
    return itertools.pairwise(found)
