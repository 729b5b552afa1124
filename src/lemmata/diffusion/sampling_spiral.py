"""What networks trained on few points of a spiral sample: the points, or the spiral."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import torch
from torch import nn

from lemmata.diffusion.clock import karras_levels
from lemmata.diffusion.experiment import Settings
from lemmata.diffusion.laws import spiral, spiral_distance
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.metrics import nearest_distance
from lemmata.diffusion.samplers import ddim, gaussian
from lemmata.diffusion.training_data import training_points
from lemmata.training.batches import torch_generator

CLOSE = 0.05
NEAR = 0.1
LARGEST = 10.0
PATHS = 40
"""Trajectories that are kept for the figure."""


def sample_spiral(model: nn.Module, settings: Settings, steps: int, samples: int) -> pd.DataFrame:
    """Rows of four kinds, by `what`, each with points (the size of the training set) and seed.

    "share": quantity, value: of samples and of fresh draws of the spiral within CLOSE of a training
    point, and of samples within NEAR of the spiral; "training": x, y; "sample": x, y;
    "path": path, level, x, y: DDIM's states.
    """
    seed = settings.seed
    known = training_points(settings.points, seed)
    fresh = spiral(samples, torch_generator(seed, "fresh points"))
    guidance = LearnedGuidance(model, settings.prediction, torch.zeros(1))
    levels = [float(s) for s in karras_levels(steps, largest=LARGEST)]
    noise = gaussian(torch_generator(seed, "spiral"))
    start = float(np.hypot(1.0, LARGEST)) * noise(torch.empty(samples, 2))
    states = list(itertools.chain([start], ddim(1.0)(guidance.score, start, levels, noise)))
    shares = {
        "close": _share(nearest_distance(states[-1], known), CLOSE),
        "fresh_close": _share(nearest_distance(fresh, known), CLOSE),
        "near_spiral": _share(spiral_distance(states[-1]), NEAR),
    }
    rows: list[dict[str, object]] = [
        {"what": "share", "quantity": name, "value": value} for name, value in shares.items()
    ]
    rows += [{"what": "training", "x": x, "y": y} for x, y in known.tolist()]
    rows += [{"what": "sample", "x": x, "y": y} for x, y in states[-1].tolist()]
    rows += [
        {"what": "path", "path": k, "level": level, "x": x, "y": y}
        for level, state in zip(levels, states, strict=True)
        for k, (x, y) in enumerate(state[:PATHS].tolist())
    ]
    return pd.DataFrame(rows).assign(points=settings.points, seed=seed)


def _share(distance: torch.Tensor, bound: float) -> float:
    return float((distance <= bound).double().mean())
