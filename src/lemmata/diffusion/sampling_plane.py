"""What trained networks sample of one class in the plane, by sampler, weight and step count."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from lemmata.diffusion.compared import flowed, sampled, samplers
from lemmata.diffusion.experiment import Settings
from lemmata.diffusion.laws import six_gaussians
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.metrics import energy_distance, sliced_wasserstein
from lemmata.diffusion.powered import powered_law
from lemmata.diffusion.samplers import gaussian
from lemmata.diffusion.training_data import one_hot
from lemmata.training.batches import stream, torch_generator

LABEL = 0
REACH = 3.6


def sample_plane(
    model: nn.Module,
    settings: Settings,
    weights: Sequence[float],
    corrections: Sequence[int],
    steps: Sequence[int],
    samples: int,
) -> pd.DataFrame:
    """sampler, weight, steps, seed, trace, energy, sliced: of samples of class 0.

    trace: of the covariance; energy and sliced: distances to as many draws of the powered law.
    "powered" is that law itself against other draws of it: the null.
    """
    seed = settings.seed
    guidance = LearnedGuidance(model, settings.prediction, one_hot(torch.tensor(LABEL), 3))
    whole = six_gaussians()
    rows = []
    for g in weights:
        law = powered_law(whole.of_class(LABEL), whole, g, REACH)
        draws = [
            torch.from_numpy(law.sample(samples, stream(seed, f"powered {g:g} {name}")))
            for name in ("reference", "null")
        ]
        rows.append(_row("powered", g, 0, seed, draws[1], draws[0]))
        for n in steps:
            found = {}
            if settings.prediction == "velocity":
                noise = gaussian(torch_generator(seed, f"plane flow {n}"))
                found["flow"] = flowed(guidance, g, (samples, 2), n, noise)
            else:
                for name, sampler in samplers(g, corrections).items():
                    noise = gaussian(torch_generator(seed, f"plane {name} {n}"))
                    found[name] = sampled(guidance, sampler, (samples, 2), n, noise)
            rows += [_row(name, g, n, seed, end, draws[0]) for name, end in found.items()]
    return pd.DataFrame(rows)


def _row(
    sampler: str, weight: float, steps: int, seed: int, end: Tensor, reference: Tensor
) -> dict[str, object]:
    return {
        "sampler": sampler,
        "weight": weight,
        "steps": steps,
        "seed": seed,
        "trace": float(end.double().var(dim=0).sum()),
        "energy": energy_distance(end, reference),
        "sliced": sliced_wasserstein(end, reference, torch_generator(seed, "directions")),
    }
