"""The flow from an annulus to a spiral: no Gaussian anywhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import torch
from torch import nn

from lemmata.diffusion.experiment import Settings
from lemmata.diffusion.flow import flow_euler
from lemmata.diffusion.laws import annulus, spiral, spiral_distance
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.metrics import energy_distance
from lemmata.diffusion.samplers import gaussian
from lemmata.training.batches import torch_generator

SHOWN: Final = (1.0, 0.75, 0.5, 0.2, 0.1, 0.05, 0.0)
"""Times of the tutorial's figure 7."""
NEAR = 0.1
KEPT = 600
PATHS = 60


def sample_annulus(
    model: nn.Module, settings: Settings, steps: Sequence[int], samples: int
) -> pd.DataFrame:
    """Rows of three kinds, by `what`, each with seed.

    "measure": steps, quantity, value: energy distance of the samples to fresh draws of the spiral,
    share within NEAR of it; "state": time, x, y at the SHOWN times of the finest run; "path": path,
    time, x, y of it. At steps = 0: distances between two draws of the spiral, and from the annulus.
    """
    seed = settings.seed
    fresh, other = (spiral(samples, torch_generator(seed, f"fresh points {name}")) for name in "ab")
    base = annulus(samples, torch_generator(seed, "base"))
    guidance = LearnedGuidance(model, settings.prediction, torch.zeros(1))
    none = gaussian(torch_generator(seed, "unused"))
    rows = [
        _measure(0, "energy_null", energy_distance(other, fresh)),
        _measure(0, "energy_base", energy_distance(base, fresh)),
    ]
    for n in steps:
        times = [float(t) for t in np.linspace(1.0, 0.0, n + 1)]
        start = base.float()
        run = flow_euler(1.0)(guidance.velocity, start, times, none)
        states = list(itertools.chain([start], run))
        near = float((spiral_distance(states[-1]) <= NEAR).double().mean())
        rows.append(_measure(n, "energy", energy_distance(states[-1], fresh)))
        rows.append(_measure(n, "near_spiral", near))
        if n == max(steps):
            for time in SHOWN:
                state = states[int(np.argmin(np.abs(np.subtract(times, time))))][:KEPT]
                rows += [{"what": "state", "time": time, "x": x, "y": y} for x, y in state.tolist()]
            rows += [
                {"what": "path", "time": time, "path": k, "x": x, "y": y}
                for time, state in zip(times, states, strict=True)
                for k, (x, y) in enumerate(state[:PATHS].tolist())
            ]
    return pd.DataFrame(rows).assign(seed=seed)


def _measure(steps: int, quantity: str, value: float) -> dict[str, object]:
    return {"what": "measure", "steps": steps, "quantity": quantity, "value": value}
