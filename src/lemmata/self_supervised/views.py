"""Views of an image that should mean the same: cropped, mirrored, of another brightness, noisy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class ViewSettings:
    """crop: least share of the area that is kept; mirror: whether half of the views are mirrored;
    jitter: largest relative change of contrast, change of brightness and loss of colour; noise:
    standard deviation added to pixels. Pixels have standard deviation 1.
    """

    crop: float
    mirror: bool
    jitter: float
    noise: float


def view(images: Tensor, settings: ViewSettings, generator: torch.Generator) -> Tensor:
    """A random view of each image (B, C, side, side), by draws of the generator on their device."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=images.device)

    seen = _cropped(images, settings, uniform(len(images), 4))
    change = (2.0 * uniform(len(images), 2, 1, 1, 1) - 1.0) * settings.jitter
    mean = seen.mean(dim=(1, 2, 3), keepdim=True)
    seen = mean + (seen - mean) * (1.0 + change[:, 0]) + change[:, 1]
    if images.shape[1] > 1:
        grey = seen.mean(dim=1, keepdim=True)
        seen = torch.lerp(seen, grey, settings.jitter * uniform(len(images), 1, 1, 1))
    fresh = torch.randn(seen.shape, generator=generator, device=images.device)
    return seen + settings.noise * fresh


def two_views(images: Tensor, settings: ViewSettings, generator: torch.Generator) -> Tensor:
    """Two views of each image, (2B, C, side, side): all of the first before all of the second.

    In one array, because an encoder this small takes no longer over two batches than over one.
    """
    return torch.cat([view(images, settings, generator) for _ in range(2)])


def _cropped(images: Tensor, settings: ViewSettings, draws: Tensor) -> Tensor:
    """Square crops of a random size and place, brought back to size by interpolation."""
    scale = (settings.crop + (1.0 - settings.crop) * draws[:, 0]).sqrt()  # (B,), of the side
    shift = (2.0 * draws[:, 1:3] - 1.0) * (1.0 - scale)[:, None]  # (B, 2), inside the image
    mirrored = torch.where(draws[:, 3] < 0.5 * settings.mirror, -1.0, 1.0)
    maps = torch.zeros(len(images), 2, 3, device=images.device)
    maps[:, 0, 0], maps[:, 1, 1], maps[:, :, 2] = scale * mirrored, scale, shift
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False, padding_mode="border")
