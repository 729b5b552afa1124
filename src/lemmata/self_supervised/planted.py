"""Noisy features planted into images: patches of high variance that little else predicts.

In the words of arXiv 2407.03475 a noisy feature has a large variance and covariance between two
views but a small regression coefficient. Here a few patches of every image are overwritten by one
grey level each,

    u_p = amplitude (sqrt(rho) g + sqrt(1 - rho) n_p),    g, n_p standard normal,

g one an image, n_p one a patch. Of two such patches, one hidden and one visible, each has variance
amplitude^2, they have covariance rho amplitude^2 and so regression coefficient rho: to predict
pixels it pays to know them when the amplitude is large, however small rho is [derived].
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import Grid
from lemmata.self_supervised.images import TableImages
from lemmata.training.batches import torch_generator


@dataclass(frozen=True)
class NuisanceSettings:
    """patch: side of a planted patch (pixels); places: which patches, counted row by row;
    amplitude: in standard deviations of a pixel; rho: their regression coefficient on each other.
    """

    patch: int
    places: tuple[int, ...]
    amplitude: float
    rho: float


def draw_nuisance(count: int, settings: NuisanceSettings, generator: torch.Generator) -> Tensor:
    """u (N, P): the grey levels of the planted patches of N images."""
    shared = torch.randn(count, 1, generator=generator)
    own = torch.randn(count, len(settings.places), generator=generator)
    return settings.amplitude * (
        math.sqrt(settings.rho) * shared + math.sqrt(1.0 - settings.rho) * own
    )


def plant(images: TableImages, settings: NuisanceSettings, seed: int) -> TableImages:
    """The images with these patches overwritten, and what was written; a function of the seed.

    Raises LemmataError for a place that the grid does not have.
    """
    grid = Grid(images.side, images.channels, settings.patch)
    if max(settings.places) >= grid.tokens:
        raise LemmataError(f"places = {settings.places}: patches are 0..{grid.tokens - 1}")
    u = draw_nuisance(len(images.y), settings, torch_generator(seed, "nuisance"))  # (N, P)
    pixels, p = images.pixels.clone(), settings.patch
    for number, place in enumerate(settings.places):
        top, left = p * (place // grid.across), p * (place % grid.across)
        level = u[:, number, None, None, None].to(pixels)
        pixels[:, :, top : top + p, left : left + p] = level
    return replace(images, pixels=pixels, nuisance=u.to(pixels))
