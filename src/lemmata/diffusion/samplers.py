"""Samplers of one signature, as generators that yield every state.

`sampler(score, x, levels, noise)` starts at x (B, ...) of the first noise level and yields the
state at each later one; all in the VE view (`clock`). `noise(like)` draws standard normal numbers;
each call is a fresh draw. With S = s^2 and dS = S_i - S_j for a step from level s_i to s_j::

    ddim                x + s_i (s_i - s_j) score           the update of DDIM in any view
    probability_flow    x + dS/2 score                      Euler in S
    heun                trapezoid in s                      Karras et al.
    ddpm, reverse_sde   x + dS score + sqrt(variance) z     they differ in the variance of the noise
    langevin            K steps x + eps/2 score + sqrt(eps) z at the new level, eps = dS
    pcg                 unguided predictor, then K guided Langevin steps at the new level

`flow` has those that follow a velocity, by the same signature.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import torch
from torch import Tensor

from lemmata.diffusion.guidance import Field
from lemmata.errors import LemmataError

Noise = Callable[[Tensor], Tensor]
Sampler = Callable[[Field, Tensor, Sequence[float], Noise], Iterator[Tensor]]
AncestralNoise = Literal["forward", "posterior"]


def gaussian(generator: torch.Generator) -> Noise:
    """Standard normal draws of a tensor's shape, type and device, from one generator."""

    def draw(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)

    return draw


def ddim(guidance_weight: float) -> Sampler:
    """DDIM (arXiv 2010.02502; Algorithm 2 of 2406.08929): Euler steps in the noise level."""

    def run(score: Field, x: Tensor, levels: Sequence[float], _noise: Noise) -> Iterator[Tensor]:
        for s, t in _steps(levels):
            x = x + s * (s - t) * score(x, s, guidance_weight)
            yield x

    return run


def probability_flow(guidance_weight: float) -> Sampler:
    """Euler steps of dx = -1/2 score dS, the probability-flow ODE, in S."""

    def run(score: Field, x: Tensor, levels: Sequence[float], _noise: Noise) -> Iterator[Tensor]:
        for s, t in _steps(levels):
            x = x + 0.5 * (s * s - t * t) * score(x, s, guidance_weight)
            yield x

    return run


def heun(guidance_weight: float) -> Sampler:
    """Heun's second-order steps of dx/ds = -s score (arXiv 2206.00364); Euler's to level 0."""

    def run(score: Field, x: Tensor, levels: Sequence[float], _noise: Noise) -> Iterator[Tensor]:
        for s, t in _steps(levels):
            first = s * score(x, s, guidance_weight)
            ahead = x + (s - t) * first
            if t > 0.0:
                second = t * score(ahead, t, guidance_weight)
                ahead = x + 0.5 * (s - t) * (first + second)
            x = ahead
            yield x

    return run


def reverse_sde(guidance_weight: float) -> Sampler:
    """Euler-Maruyama steps of the reverse SDE in S: noise of variance dS, none to level 0.

    The mean is exact at any step for the unguided score (Claim 2 of arXiv 2406.08929); noise on
    the last step would stay on the samples.
    """
    return _ancestral(guidance_weight, lambda s, t: s * s - t * t)


def ddpm(guidance_weight: float, noise: AncestralNoise = "forward") -> Sampler:
    """DDPM's ancestral steps (arXiv 2006.11239) in their VP form.

    noise: "forward" has beta's variance, "posterior" beta-tilde's, which at few steps disperses
    too little [derived, measured]. In the VE view: dS (1 + S_j) / (1 + S_i), and dS S_j / S_i.
    """
    variances: dict[str, Callable[[float, float], float]] = {
        "forward": lambda s, t: (s * s - t * t) * (1 + t * t) / (1 + s * s),
        "posterior": lambda s, t: (s * s - t * t) * (t * t) / (s * s),
    }
    if noise not in variances:
        raise LemmataError(f"ddpm: noise = {noise!r}; allowed: {', '.join(variances)}")
    return _ancestral(guidance_weight, variances[noise])


def langevin(guidance_weight: float, corrections: int, step_size: float = 1.0) -> Sampler:
    """K unadjusted Langevin steps on the gamma'-powered law of each new level: PCG's corrector.

    guidance_weight: gamma'; corrections: K; a step is x + eps/2 score + sqrt(eps) z with
    eps = step_size * dS at the new level (arXiv 2408.09000, Algorithm 1 [recalled]). Song's
    convention, eps score + sqrt(2 eps) z, is step_size = 2. At level 0 nothing moves.
    Raises LemmataError for K < 0, and for gamma' < 0, where there may be no law to aim at.
    """
    if corrections < 0:
        raise LemmataError(f"langevin: corrections = {corrections}: must be 0 or more")
    if step_size <= 0:
        raise LemmataError(f"langevin: step_size = {step_size}: must be positive")
    if not guidance_weight >= 0:
        raise LemmataError(f"langevin: guidance_weight = {guidance_weight}: must be 0 or more")

    def run(score: Field, x: Tensor, levels: Sequence[float], noise: Noise) -> Iterator[Tensor]:
        for s, t in _steps(levels):
            eps = step_size * (s * s - t * t)
            for _ in range(corrections if t > 0.0 else 0):
                x = x + 0.5 * eps * score(x, t, guidance_weight) + math.sqrt(eps) * noise(x)
            yield x

    return run


def pcg(
    guidance_weight: float,
    corrections: int,
    predictor: Literal["ddim", "probability_flow"] = "ddim",
    step_size: float = 1.0,
) -> Sampler:
    """PCG: a step of the unguided ODE, then K Langevin steps on the gamma'-powered law.

    guidance_weight: gamma' of the corrector; the rest, and what is raised, as in `langevin`.
    """
    if predictor not in PREDICTORS:
        raise LemmataError(f"pcg: predictor = {predictor!r}; allowed: {', '.join(PREDICTORS)}")
    predict = PREDICTORS[predictor](1.0)
    correct = langevin(guidance_weight, corrections, step_size)

    def run(score: Field, x: Tensor, levels: Sequence[float], noise: Noise) -> Iterator[Tensor]:
        for step in _steps(levels):
            (x,) = predict(score, x, step, noise)
            (x,) = correct(score, x, step, noise)
            yield x

    return run


PREDICTORS: Final = {"ddim": ddim, "probability_flow": probability_flow}


def last(states: Iterator[Tensor]) -> Tensor:
    """The last state, without keeping the others."""
    found = None
    for state in states:
        found = state
    if found is None:
        raise LemmataError("sampler: no step was made")
    return found


def _ancestral(guidance_weight: float, variance: Callable[[float, float], float]) -> Sampler:
    def run(score: Field, x: Tensor, levels: Sequence[float], noise: Noise) -> Iterator[Tensor]:
        for s, t in _steps(levels):
            x = x + (s * s - t * t) * score(x, s, guidance_weight)
            if t > 0.0:
                x = x + math.sqrt(variance(s, t)) * noise(x)
            yield x

    return run


def _steps(levels: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Pairs of successive levels, once they are known to fall from a positive one to 0 or more."""
    found = [float(s) for s in levels]
    falling = all(s > t for s, t in itertools.pairwise(found))
    if len(found) < 2 or not falling or not found[-1] >= 0.0 or not math.isfinite(found[0]):
        raise LemmataError(
            "sampler: noise levels must be 2 or more, finite, falling, the last 0 or more"
        )
    return itertools.pairwise(found)
