"""The policies: a small MLP, or a small residual network for colour images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from lemmata.errors import LemmataError
from lemmata.training.batches import torch_generator
from lemmata.training.networks import MLP

GROUPS_OF_CHANNELS = 8


@dataclass(frozen=True)
class NetworkSettings:
    """widths: of an MLP's hidden layers, or channels of a residual network's stages."""

    architecture: Literal["mlp", "resnet"]
    widths: tuple[int, ...]


def new_network(
    settings: NetworkSettings, pixels: int, channels: int, classes: int, seed: int
) -> nn.Module:
    """The untrained network of a seed, initialised as torch does it [official code]."""
    generator = torch_generator(seed, "weights")
    model: nn.Module
    if settings.architecture == "mlp":
        model = MLP((pixels, *settings.widths, classes), generator, dropout=0.0)
    else:
        model = ResNet(pixels, channels, settings.widths, classes)
    initialise_as_torch(model, generator)
    return model


class ResNet(nn.Module):
    """Stages of two residual blocks, each stage but the first at half the side of the one before.

    Normalised over groups of channels, not over the batch as in the official ResNet18: the expected
    gradient of one input is then a matter of this input alone.
    """

    def __init__(self, pixels: int, channels: int, widths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        side = math.isqrt(pixels // channels)
        if side * side * channels != pixels:
            raise LemmataError(f"architecture 'resnet': {pixels} pixels make no square image")
        self.shape = (channels, side, side)
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1, bias=False)
        stages: list[nn.Module] = [Block(widths[0], widths[0], 1)]
        for before, after in pairwise(widths):
            stages += [Block(before, before, 1), Block(before, after, 2)]
        self.blocks = nn.Sequential(*stages, Block(widths[-1], widths[-1], 1))
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of images x (B, D), channel after channel."""
        maps = self.blocks(self.stem(torch.unflatten(x, 1, self.shape)))  # (B, C, h, w)
        logits: Tensor = self.head(maps.mean(dim=(2, 3)))
        return logits


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(
            nn.GroupNorm(min(GROUPS_OF_CHANNELS, after), after) for _ in range(2)
        )
        same = stride == 1 and before == after
        self.shortcut = (
            nn.Identity() if same else nn.Conv2d(before, after, 1, stride=stride, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h', w')."""
        inner = torch.relu(self.norms[0](self.first(x)))
        return torch.relu(self.norms[1](self.second(inner)) + self.shortcut(x))


@torch.no_grad()
def initialise_as_torch(model: nn.Module, generator: torch.Generator) -> None:
    """Weights and biases uniform within 1 / sqrt(fan-in), as torch's layers draw their own."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            bound = 1.0 / math.sqrt(layer.weight[0].numel())
            layer.weight.uniform_(-bound, bound, generator=generator)
            if layer.bias is not None:
                layer.bias.uniform_(-bound, bound, generator=generator)
