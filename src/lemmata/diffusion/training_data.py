"""What networks are trained on, by name: laws drawn afresh, small training sets, images."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lemmata.diffusion.laws import annulus, six_gaussians, spiral, three_bumps
from lemmata.diffusion.mixture import GaussianMixture
from lemmata.errors import LemmataError
from lemmata.training.batches import batch_indices, torch_generator

Data = Literal[
    "gaussian", "six_gaussians", "three_bumps", "spiral", "annulus_to_spiral", "digits", "mnist",
    "cifar10",
]  # fmt: skip


class Shape(NamedTuple):
    """Dimension of a point and of its condition; side and channels where a point is an image."""

    dimension: int
    condition: int
    side: int = 0
    channels: int = 0


SHAPES: Final = {
    "gaussian": Shape(1, 1),
    "six_gaussians": Shape(2, 3),
    "three_bumps": Shape(1, 1),
    "spiral": Shape(2, 1),
    "annulus_to_spiral": Shape(2, 1),
    "digits": Shape(64, 10, 8, 1),
    "mnist": Shape(784, 10, 28, 1),
    "cifar10": Shape(3072, 10, 32, 3),
}
"""Laws without classes have one condition that is always 0."""
IMAGES: Final = ("digits", "mnist", "cifar10")
"""Data that come from a prepared table; all others are drawn."""


class Batch(NamedTuple):
    """x0 (B, D), condition (B, C), and the base x1 (B, D) where it is not standard normal."""

    x0: Tensor
    condition: Tensor
    base: Tensor | None = None


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Conditions (N, C) of class labels (N,)."""
    return functional.one_hot(labels, classes).float()


def check_examples(data: Data, examples: tuple[Tensor, Tensor] | None) -> None:
    """Refuse examples where data are drawn, none where they are not, and those of another shape."""
    if (examples is None) != (data not in IMAGES):
        allowed = ", ".join(IMAGES)
        raise LemmataError(f"data = {data!r}: examples are for {allowed}, and needed there")
    if examples is None:
        return
    shape, found = SHAPES[data], tuple(tuple(part.shape) for part in examples)
    if (examples[0].shape[1], examples[1].shape[1]) != shape[:2]:
        need = f"(N, {shape.dimension}) and (N, {shape.condition})"
        raise LemmataError(f"{data}: examples of shapes {found[0]}, {found[1]}; need {need}")


@lru_cache(maxsize=1)  # asked for at every step
def training_points(points: int, seed: int) -> Tensor:
    """The fixed training set (points, 2) of the spiral of one seed."""
    return spiral(points, torch_generator(seed, "training points"))


def batch(
    data: Data,
    points: int,
    count: int,
    seed: int,
    step: int,
    examples: tuple[Tensor, Tensor] | None = None,
) -> Batch:
    """The batch of a step, a pure function of its arguments. points: see `Settings`."""
    if examples is not None:
        rows = torch.from_numpy(batch_indices(seed, step, len(examples[0]), count))
        return Batch(examples[0][rows], examples[1][rows])
    generator = torch_generator(seed, f"data {data}", step)
    if data == "gaussian":
        c = torch.randn(count, 1, generator=generator)
        return Batch(c + torch.randn(c.shape, generator=generator), c)
    if data == "six_gaussians":
        law = six_gaussians()
        x0, component = _mixture_draws(law, count, generator)
        return Batch(x0, one_hot(law.classes[component], 3))
    none = torch.zeros(count, 1)
    if data == "three_bumps":
        return Batch(_mixture_draws(three_bumps(), count, generator)[0], none)
    base = annulus(count, generator).float() if data == "annulus_to_spiral" else None
    if points:
        chosen = torch.randint(0, points, (count,), generator=generator)
        return Batch(training_points(points, seed).float()[chosen], none, base)
    return Batch(spiral(count, generator).float(), none, base)


def _mixture_draws(
    law: GaussianMixture, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draws (B, D) of a mixture of round components in single precision, and the component."""
    chosen = torch.multinomial(law.weights, count, replacement=True, generator=generator)
    z = torch.randn(count, law.means.shape[1], generator=generator)
    return law.means[chosen].float() + law.spread[chosen].sqrt().float() * z, chosen
