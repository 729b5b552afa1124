"""What trained networks sample on the Gaussian example."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import nn

from lemmata.diffusion.compared import flowed, sampled, samplers
from lemmata.diffusion.experiment import Settings
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.samplers import gaussian
from lemmata.training.batches import torch_generator


def sample_gaussian(
    model: nn.Module, settings: Settings, weights: Sequence[float], steps: int, samples: int
) -> pd.DataFrame:
    """sampler, weight, seed, mean, variance of samples for the condition c = 0.

    A network with a velocity is the flow twin, sampled by half as many of Heun's steps.
    """
    seed, shape = settings.seed, (samples, 1)
    guidance = LearnedGuidance(model, settings.prediction, torch.zeros(1))
    rows = []
    for g in weights:
        if settings.prediction == "velocity":
            noise = gaussian(torch_generator(seed, f"samples flow {g:g}"))
            found = {"flow": flowed(guidance, g, shape, (steps + 1) // 2, noise)}
        else:
            found = {
                name: sampled(
                    guidance,
                    sampler,
                    shape,
                    steps,
                    gaussian(torch_generator(seed, f"samples {name} {g:g}")),
                )
                for name, sampler in samplers(g).items()
            }
        rows += [
            {
                "sampler": name,
                "weight": g,
                "seed": seed,
                "mean": float(end.mean()),
                "variance": float(end.var()),
            }
            for name, end in found.items()
        ]
    return pd.DataFrame(rows)
