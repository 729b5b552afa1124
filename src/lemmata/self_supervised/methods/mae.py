"""MAE: predict the pixels of hidden patches from the tokens of what is visible.

The same encoder, masks and predictor as I-JEPA's; what differs is the target, y instead of the
encoded y, as in the two losses of arXiv 2407.03475.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lemmata.self_supervised.encoder import Encoder, Grid, Predictor, Shape, chosen, patches
from lemmata.self_supervised.masks import MaskSettings, draw_masks
from lemmata.self_supervised.methods.method import spread


@dataclass(frozen=True)
class MaeSettings(MaskSettings):
    """Masks, the decoder's width and depth, and whether the pixels of a patch are normalised."""

    predictor_width: int
    predictor_depth: int
    normalised_pixels: bool


def pixel_loss(predicted: Tensor, wanted: Tensor, *, normalise: bool) -> Tensor:
    """Mean squared error over the values of patches, both (..., V).

    normalise: each wanted patch to mean 0 and variance 1 over its values, as in MAE's paper.
    """
    if normalise:
        centred = wanted - wanted.mean(dim=-1, keepdim=True)
        wanted = centred / (wanted.var(dim=-1, keepdim=True) + 1e-6).sqrt()
    return (predicted - wanted).square().mean()


class Mae(nn.Module):
    """Encoder of what is visible, and a light decoder."""

    def __init__(
        self, grid: Grid, shape: Shape, settings: MaeSettings, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.grid, self.settings = grid, settings
        self.encoder = Encoder(grid, shape, generator)
        own = Shape(settings.predictor_width, settings.predictor_depth, shape.heads)
        self.decoder = Predictor(grid, shape.width, own, grid.values, generator)

    @property
    def probed(self) -> Encoder:
        """The encoder."""
        return self.encoder

    def loss(self, images: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of a batch under masks that the generator draws."""
        masks = draw_masks(self.grid, self.settings, len(images), generator)
        pixels = chosen(patches(images, self.grid), masks.targets.flatten(1))  # (B, M N, V)
        tokens = self.encoder(images, masks.visible)  # (B, K, W)
        predicted = self.decoder(tokens, masks.visible, masks.targets).flatten(1, 2)
        own = pixel_loss(predicted.float(), pixels, normalise=self.settings.normalised_pixels)
        return {"loss": own, "spread": spread(tokens.float().mean(dim=1))}

    def follow(self, progress: float) -> None:
        """Nothing moves beside the weights."""

    def view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Embeddings (B, W) of a random context."""
        masks = draw_masks(self.grid, self.settings, len(images), generator)
        return self.encoder.pooled(images, masks.visible)
