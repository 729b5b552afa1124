"""Small classifiers, initialised from a given generator and from nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    """Linear layers of the given sizes with ReLU and dropout between them."""

    def __init__(self, sizes: Sequence[int], generator: torch.Generator, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes[:-1]):
            layers += [_empty_linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, _empty_linear(sizes[-2], sizes[-1]))
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of x (B, D)."""
        logits: Tensor = self.layers(x)
        return logits


class SmallConvNet(nn.Module):
    """3x3 convolutions with stride 2 and ReLU, then one linear layer, for square grey images.

    Strides rather than pooling: the gradient of CUDA's max-pooling adds in no fixed order.
    Each convolution halves the side, rounding up, so any side will do.
    """

    def __init__(
        self,
        side: int,
        channels: Sequence[int],
        classes: int,
        generator: torch.Generator,
        dropout: float,
    ) -> None:
        super().__init__()
        self.side = side
        layers: list[nn.Module] = []
        for inputs, outputs in zip((1, *channels[:-1]), channels, strict=True):
            layers += [_empty_convolution(inputs, outputs), nn.ReLU()]
            side = (side + 1) // 2
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout))
        self.head = _empty_linear(channels[-1] * side * side, classes)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of images x (B, side^2), rows of pixels one after another."""
        images = x.view(-1, 1, self.side, self.side)  # (B, 1, side, side)
        features = self.features(images)  # (B, C * s * s)
        logits: Tensor = self.head(features)  # (B, K)
        return logits


def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights of all linear and convolution layers in order; set biases to zero.

    Normal with variance 2 / fan-in (He et al., "Delving deep into rectifiers", ICCV 2015, eq. 10),
    and 1 / fan-in in the last layer, which no ReLU follows.
    """
    layers = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    with torch.no_grad():
        for layer in layers:
            gain = 1.0 if layer is layers[-1] else 2.0
            fan_in = layer.weight[0].numel()
            layer.weight.normal_(0.0, math.sqrt(gain / fan_in), generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()


# torch's own initialisation would draw from the global generator, so it is skipped.


def _empty_linear(inputs: int, outputs: int) -> nn.Module:
    layer: nn.Module = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    return layer


def _empty_convolution(inputs: int, outputs: int) -> nn.Module:
    layer: nn.Module = nn.utils.skip_init(  # type: ignore[no-untyped-call]
        nn.Conv2d, inputs, outputs, 3, stride=2, padding=1
    )
    return layer
