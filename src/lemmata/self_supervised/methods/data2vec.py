"""data2vec-like: where patches are masked, predict what the slow encoder makes of the whole image.

Unlike I-JEPA there is no predictor: the encoder sees all places, masked patches as one learned
token, and a linear map of what it makes of these is compared with the mean of the slow encoder's
last layers, each normalised over features (arXiv 2202.03555, its targets for images).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.self_supervised.encoder import Encoder, Grid, Shape, initialise
from lemmata.self_supervised.masks import Masks, MaskSettings, draw_masks
from lemmata.self_supervised.methods.i_jepa import normalised
from lemmata.self_supervised.methods.method import (
    Weights,
    move_towards,
    rising,
    slow_copy,
    spread,
    weights_of,
)


@dataclass(frozen=True)
class Data2vecSettings(MaskSettings):
    """Masks, how many of the last layers make the target, and the first decay, which rises to 1."""

    top_layers: int
    ema: float


def layer_target(layers: list[Tensor], top: int) -> Tensor:
    """Mean of the last `top` of layers (B, T, W), each normalised over features."""
    return torch.stack([normalised(layer) for layer in layers[-top:]]).mean(dim=0)


def masked_loss(predicted: Tensor, wanted: Tensor, masked: Tensor) -> Tensor:
    """Mean smooth L1 distance (B, T, W) over the masked tokens (B, T)."""
    each = functional.smooth_l1_loss(predicted, wanted, reduction="none").mean(dim=-1)  # (B, T)
    return (each * masked).sum() / masked.sum()


def is_masked(masks: Masks, tokens: int) -> Tensor:
    """Which tokens (B, T) are in a target block."""
    flags = torch.zeros(len(masks.targets), tokens, dtype=torch.bool, device=masks.targets.device)
    return flags.scatter_(1, masks.targets.flatten(1), value=True)


class Data2vec(nn.Module):
    """Encoder with a token for masked patches, its slow copy, and a linear head."""

    def __init__(
        self, grid: Grid, shape: Shape, settings: Data2vecSettings, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.grid, self.settings = grid, settings
        self.student = Encoder(grid, shape, generator)
        self.teacher = slow_copy(self.student)
        self.hidden = nn.Parameter(torch.empty(shape.width))
        self.head = nn.Linear(shape.width, shape.width)
        initialise(self.head, generator)
        with torch.no_grad():
            self.hidden.normal_(0.0, 0.02, generator=generator)

    @property
    def probed(self) -> Encoder:
        """The slow encoder."""
        return self.teacher

    def loss(self, images: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of a batch under masks that the generator draws."""
        masks = draw_masks(self.grid, self.settings, len(images), generator)
        masked = is_masked(masks, self.grid.tokens)  # (B, T)
        with torch.no_grad():
            layers = self.teacher.layers(self.teacher.embed(images))
            wanted = layer_target(layers, self.settings.top_layers)
            seen = spread(self.teacher.norm(layers[-1]).float().mean(dim=1))
        h = self.student.embed(images)
        h = torch.where(masked[..., None], self.hidden + self.student.places, h)
        predicted = self.head(self.student.norm(self.student.layers(h)[-1]))
        return {"loss": masked_loss(predicted.float(), wanted.float(), masked), "spread": seen}

    def follow(self, progress: float) -> None:
        """Move the slow encoder."""
        move_towards(*self._weights, rising(self.settings.ema, progress))

    @cached_property
    def _weights(self) -> tuple[Weights, Weights]:
        return weights_of(self.teacher), weights_of(self.student)

    def view(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The slow encoder's embeddings (B, W) of a random context."""
        masks = draw_masks(self.grid, self.settings, len(images), generator)
        return self.teacher.pooled(images, masks.visible)
