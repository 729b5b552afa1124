"""I-JEPA: predict a slow encoder's tokens of hidden blocks from the tokens of what is visible.

As far as the paper's own code decides it [official code]: the slow encoder sees the whole image,
its tokens are normalised over features without scale, and the loss is the smooth L1 distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.self_supervised.encoder import Encoder, Grid, Predictor, Shape, chosen
from lemmata.self_supervised.masks import Masks, MaskSettings, draw_masks
from lemmata.self_supervised.methods.method import (
    Head,
    Weights,
    move_towards,
    rising,
    slow_copy,
    spread,
    weights_of,
)


@dataclass(frozen=True)
class IJepaSettings(MaskSettings):
    """Masks, the predictor's width and depth, and the first decay of the slow encoder, which rises
    to 1.
    """

    predictor_width: int
    predictor_depth: int
    ema: float


def prediction_loss(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Mean smooth L1 distance of predictions to normalised tokens, both (..., W)."""
    return functional.smooth_l1_loss(predicted, normalised(wanted))


def normalised(tokens: Tensor) -> Tensor:
    """Each token (..., W) with mean 0 and variance 1 over its features."""
    return functional.layer_norm(tokens, tokens.shape[-1:])


class IJepa(nn.Module):
    """Context encoder, its slow copy, and the predictor between them."""

    head_name: Head = "predictor"

    def __init__(
        self, grid: Grid, shape: Shape, settings: IJepaSettings, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.grid, self.settings = grid, settings
        self.context = Encoder(grid, shape, generator)
        self.target = slow_copy(self.context)
        own = Shape(settings.predictor_width, settings.predictor_depth, shape.heads)
        self.predictor = Predictor(grid, shape.width, own, shape.width, generator)

    @property
    def probed(self) -> Encoder:
        """The slow encoder."""
        return self.target

    def loss(self, images: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of a batch under masks that the generator draws."""
        masks = draw_masks(self.grid, self.settings, len(images), generator)
        with torch.no_grad():
            tokens = self.target(images)  # (B, T, W)
            wanted = chosen(tokens, masks.targets.flatten(1)).view(*masks.targets.shape, -1)
        predicted = self._predicted(images, masks)
        loss = prediction_loss(predicted.float(), wanted.float())
        return {"loss": loss, "spread": spread(tokens.float().mean(dim=1))}

    def follow(self, progress: float) -> None:
        """Move the slow encoder."""
        move_towards(*self._weights, rising(self.settings.ema, progress))

    @cached_property
    def _weights(self) -> tuple[Weights, Weights]:
        return weights_of(self.target), weights_of(self.context)

    def view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The slow encoder's embeddings (B, W) of a random context."""
        masks = draw_masks(self.grid, self.settings, len(images), generator)
        return self.target.pooled(images, masks.visible)

    def head_view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """What is predicted from a random context (B, W), the mean over the target tokens."""
        masks = draw_masks(self.grid, self.settings, len(images), generator)
        return self._predicted(images, masks).mean(dim=(1, 2))

    def _predicted(self, images: Tensor, masks: Masks) -> Tensor:
        """Predicted target tokens (B, M, N, W)."""
        tokens = self.context(images, masks.visible)
        predicted: Tensor = self.predictor(tokens, masks.visible, masks.targets)
        return predicted
