"""The samplers that learned networks are compared by, and where they start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from lemmata.diffusion.clock import VP_COSINE, view_levels
from lemmata.diffusion.flow import flow_heun
from lemmata.diffusion.guidance import predictor_corrector_weight
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.samplers import Noise, Sampler, ddim, last, pcg, reverse_sde

START: Final = 0.98
"""Time of the cosine schedule where samplers start: alpha = 0.03."""


def samplers(guidance_weight: float, corrections: Sequence[int] = ()) -> dict[str, Sampler]:
    """DDIM, DDPM and PCG(2g - 1, 1), and for each K `pcg_powered_K`: PCG(g, K).

    With K = 1 the last is the theorem's control, as many steps with the wrong weight; its corrector
    aims at the law that is powered by g itself, which it nears as K grows.
    """
    return {
        "ddim": ddim(guidance_weight),
        "ddpm": reverse_sde(guidance_weight),
        "pcg": pcg(predictor_corrector_weight(guidance_weight), 1),
    } | {f"pcg_powered_{k}": pcg(guidance_weight, k) for k in corrections}


def sampled(
    guidance: LearnedGuidance, sampler: Sampler, shape: tuple[int, int], steps: int, noise: Noise
) -> Tensor:
    """Samples (B, D) of a network with a score, by steps uniform in the cosine schedule's time."""
    levels = [float(s) for s in view_levels(VP_COSINE, steps, START)]
    start = float(np.hypot(1.0, levels[0])) * noise(_empty(guidance, shape))
    return last(sampler(guidance.score, start, levels, noise))


def flowed(
    guidance: LearnedGuidance,
    guidance_weight: float,
    shape: tuple[int, int],
    steps: int,
    noise: Noise,
) -> Tensor:
    """Samples (B, D) of a network with a velocity, by Heun's steps from standard normal starts."""
    times = [float(t) for t in np.linspace(1.0, 0.0, steps + 1)]
    start = noise(_empty(guidance, shape))
    return last(flow_heun(guidance_weight)(guidance.velocity, start, times, noise))


def _empty(guidance: LearnedGuidance, shape: tuple[int, int]) -> Tensor:
    return torch.empty(shape, device=guidance.compute.device)
