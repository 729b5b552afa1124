"""Images that a network samples, by sampler, weight and steps, measured against real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn

from lemmata.diffusion.compared import sampled, samplers
from lemmata.diffusion.experiment import Settings
from lemmata.diffusion.learned import LearnedGuidance
from lemmata.diffusion.metrics import (
    energy_distance,
    frechet_distance,
    nearest_distance,
    sliced_wasserstein,
)
from lemmata.diffusion.samplers import gaussian
from lemmata.diffusion.training_data import one_hot
from lemmata.training.batches import torch_generator

SHARED_WEIGHT: Final = 2.0
SHARED_EACH: Final = 10
SEEDS_APART: Final = 1_000_000
"""Rows of a seed are numbered from seed times this."""
Floats = NDArray[np.float64]


class Judge:
    """A classifier of real images that no generator was trained on, with its hidden features."""

    def __init__(self, x: Floats, y: NDArray[np.int64], seed: int) -> None:
        self.net = MLPClassifier((64,), alpha=1e-2, max_iter=1000, random_state=seed).fit(x, y)

    def features(self, x: Floats) -> Floats:
        """Hidden activations (N, 64)."""
        found: Floats = np.maximum(x @ self.net.coefs_[0] + self.net.intercepts_[0], 0.0)
        return found

    def probabilities(self, x: Floats) -> Floats:
        """(N, K)."""
        found: Floats = self.net.predict_proba(x)
        return found


class Generated(NamedTuple):
    """measures: a row a sampler, weight and step count; paths: RMS distances of shared-noise paths
    by step count; samples, at the most steps: row, sampler, weight, label, p_0.., pixels x_0..
    """

    measures: pd.DataFrame
    paths: pd.DataFrame
    samples: pd.DataFrame


class Subject(NamedTuple):
    """What is sampled from and compared to: the network's field for each row's label, the judge of
    its samples, real pixels that it was not trained on and those that it was.
    """

    guidance: LearnedGuidance
    labels: Tensor
    judge: Judge
    real: Tensor
    known: Tensor
    seed: int


def sample_images(
    model: nn.Module,
    settings: Settings,
    known: tuple[Tensor, Tensor],
    real: tuple[Tensor, Tensor],
    *,
    weights: Sequence[float],
    corrections: Sequence[int],
    steps: Sequence[int],
    each: int,
    path_steps: Sequence[int],
) -> Generated:
    """Images of every class by every sampler, measured against the real ones.

    known: pixels (N, D) and one-hot labels (N, K) that the network was trained on; real: pixels
    (M, D) and labels (M,) that it was not; each: samples a class; corrections: the K of PCG(g, K).
    Without guidance PCG(1, K) is DDPM with more noise, so only DDIM and DDPM are run. The row
    "real" has the measures between two halves of the real images, and the judge's own accuracy on
    the images of `known`, which it was not fitted to.
    """
    seed, classes = settings.seed, known[1].shape[1]
    judge = Judge(real[0].double().numpy(), real[1].numpy(), seed)
    labels = torch.arange(classes).repeat_interleave(each)
    guidance = LearnedGuidance(model, settings.prediction, one_hot(labels, classes))
    subject = Subject(guidance, labels, judge, real[0], known[0], seed)
    rows, kept = [_null(subject, known[1].argmax(dim=1))], []
    cases = [(g, name, n) for g in weights for name in _names(g, corrections) for n in steps]
    for number, (g, name, n) in enumerate(cases):
        # One noise for all samplers: what differs is then the sampler, not the draw.
        noise = gaussian(torch_generator(seed, f"images {n}"))
        sampler = samplers(g, corrections)[name]
        pixels = sampled(guidance, sampler, (len(labels), real[0].shape[1]), n, noise)
        found = judge.probabilities(pixels.double().numpy())
        own = {"sampler": name, "weight": g, "steps": n, "seed": seed}
        rows.append(own | _measures(subject, pixels) | _of_samples(subject, pixels, found))
        if n == max(steps):
            first = seed * SEEDS_APART + number * len(labels)
            kept.append(_frame(own, first, labels, found, pixels))
    paths = _paths(subject, path_steps)
    return Generated(pd.DataFrame(rows), paths, pd.concat(kept, ignore_index=True))


def _names(weight: float, corrections: Sequence[int]) -> list[str]:
    return ["ddim", "ddpm"] if weight == 1.0 else list(samplers(weight, corrections))


def _of_samples(subject: Subject, pixels: Tensor, probabilities: Floats) -> dict[str, float]:
    return {
        "accuracy": float((probabilities.argmax(axis=1) == subject.labels.numpy()).mean()),
        "nearest_training": float(nearest_distance(pixels, subject.known).median()),
    }


def _measures(subject: Subject, pixels: Tensor, real: Tensor | None = None) -> dict[str, float]:
    real = subject.real if real is None else real
    judge, seed = subject.judge, subject.seed
    features = [torch.from_numpy(judge.features(p.double().numpy())) for p in (pixels, real)]
    count = min(len(pixels), len(real))
    generator = torch_generator(seed, "directions")
    return {
        "frechet_pixels": frechet_distance(pixels, real),
        "frechet_features": frechet_distance(*features),
        "energy": energy_distance(pixels, real),
        "sliced_wasserstein": sliced_wasserstein(
            _some(pixels, count, seed), _some(real, count, seed), generator
        ),
        "outside": float((pixels.abs() > 1.0).double().mean()),
    }


def _some(points: Tensor, count: int, seed: int) -> Tensor:
    generator = torch_generator(seed, "subset")
    return points[torch.randperm(len(points), generator=generator)[:count]]


def _null(subject: Subject, known_labels: Tensor) -> dict[str, Any]:
    order = torch.randperm(len(subject.real), generator=torch_generator(subject.seed, "halves"))
    halves = subject.real[order].chunk(2)
    said = subject.judge.probabilities(subject.known.double().numpy()).argmax(axis=1)
    accuracy = float((said == known_labels.numpy()).mean())
    own = {"sampler": "real", "weight": np.nan, "steps": 0, "seed": subject.seed}
    return own | _measures(subject, halves[0], halves[1]) | {"accuracy": accuracy}


def _paths(subject: Subject, path_steps: Sequence[int]) -> pd.DataFrame:
    """RMS over pixels between CFG-DDPM and PCG driven by the same noise, right weight and wrong.

    Of SHARED_EACH images a class: all of their pixels make the mean.
    """
    rows = []
    every = samplers(SHARED_WEIGHT, [1])
    labels = torch.arange(subject.guidance.condition.shape[1]).repeat_interleave(SHARED_EACH)
    guidance = subject.guidance.asked(one_hot(labels, subject.guidance.condition.shape[1]))
    shape = (len(labels), subject.real.shape[1])
    for steps in path_steps:
        ends = {}
        for name in ("ddpm", "pcg", "pcg_powered_1"):
            noise = gaussian(torch_generator(subject.seed, f"shared {steps}"))
            ends[name] = sampled(guidance, every[name], shape, steps, noise)
        for name in ("pcg", "pcg_powered_1"):
            gap = (ends["ddpm"] - ends[name]).square().mean().sqrt()
            own = {"sampler": name, "steps": steps, "seed": subject.seed}
            rows.append(own | {"rms": float(gap)})
    return pd.DataFrame(rows)


def _frame(
    own: dict[str, Any], first: int, labels: Tensor, probabilities: Floats, pixels: Tensor
) -> pd.DataFrame:
    columns = {f"p_{k}": probabilities[:, k] for k in range(probabilities.shape[1])}
    columns |= {f"x_{k}": pixels[:, k].double().numpy() for k in range(pixels.shape[1])}
    rows = np.arange(first, first + len(labels))
    return pd.DataFrame(own | {"row": rows, "label": labels.numpy()} | columns)
