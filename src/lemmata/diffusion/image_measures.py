"""A classifier that judges generated images, and their distances to real ones."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from torch import Tensor

from lemmata.diffusion.metrics import (
    energy_distance,
    frechet_distance,
    nearest_distance,
    sliced_wasserstein,
)
from lemmata.training.batches import torch_generator

JUDGE_SEED: Final = 0
"""One judge for the networks of every seed: features are comparable."""
MOST: Final = 2000
"""Images of each side in the measures that take every pair of them."""
Floats = NDArray[np.float64]


class Judge:
    """A classifier of real images that no generator was trained on, with its hidden features."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        net = MLPClassifier((64,), alpha=1e-2, max_iter=1000, random_state=JUDGE_SEED)
        self.net = net.fit(x.double().numpy(), y.numpy())

    def features(self, x: Tensor) -> Tensor:
        """Hidden activations (N, 64) of images (N, D)."""
        inner = x.double().numpy() @ self.net.coefs_[0] + self.net.intercepts_[0]
        return torch.from_numpy(np.maximum(inner, 0.0))

    def probabilities(self, x: Tensor) -> Floats:
        """(N, K)."""
        found: Floats = self.net.predict_proba(x.double().numpy())
        return found


class Reference(NamedTuple):
    """What samples are compared to: their judge, real images (M, D) that no network was trained
    on, those (N, D) that it was, and their labels (N,).
    """

    judge: Judge
    real: Tensor
    known: Tensor
    known_labels: Tensor


def reference(known: tuple[Tensor, Tensor], real: tuple[Tensor, Tensor]) -> Reference:
    """known: images and one-hot labels (N, K); real: images and labels (M,), for the judge too."""
    return Reference(Judge(*real), real[0], known[0], known[1].argmax(dim=1))


def measures_of(own: Reference, pixels: Tensor, labels: Tensor, seed: int) -> dict[str, float]:
    """All measures of samples (N, D) that were asked for labels (N,)."""
    said = torch.from_numpy(own.judge.probabilities(pixels).argmax(axis=1))
    nearest = nearest_distance(pixels, own.known)
    return _distances(own, pixels, own.real, seed) | {
        "accuracy": float((said == labels).double().mean()),
        "nearest_training": float(nearest.median()),
    }


def measures_of_real(own: Reference, seed: int) -> dict[str, float]:
    """The null: distances between two halves of the real images; and the judge's accuracy on the
    images that the networks were trained on, which it was not fitted to.
    """
    order = torch.randperm(len(own.real), generator=torch_generator(seed, "halves"))
    halves = own.real[order].chunk(2)
    said = torch.from_numpy(own.judge.probabilities(own.known).argmax(axis=1))
    accuracy = float((said == own.known_labels).double().mean())
    return _distances(own, halves[0], halves[1], seed) | {"accuracy": accuracy}


def _distances(own: Reference, pixels: Tensor, real: Tensor, seed: int) -> dict[str, float]:
    count = min(len(pixels), len(real), MOST)
    ours, theirs = (_some(points, count, seed) for points in (pixels, real))
    few, known = (_some(points, min(len(points), MOST), seed) for points in (pixels, real))
    return {
        "frechet_pixels": frechet_distance(pixels, real),
        "frechet_features": frechet_distance(own.judge.features(pixels), own.judge.features(real)),
        "energy": energy_distance(few, known),
        "sliced_wasserstein": sliced_wasserstein(ours, theirs, torch_generator(seed, "directions")),
        "outside": float((pixels.abs() > 1.0).double().mean()),
    }


def _some(points: Tensor, count: int, seed: int) -> Tensor:
    generator = torch_generator(seed, "subset")
    return points[torch.randperm(len(points), generator=generator)[:count]]
