"""A conditional network for points: residual layers, time features, a condition or none."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.training.networks import initialise

FREQUENCIES = 8


def time_features(time: Tensor, condition: Tensor, known: Tensor) -> Tensor:
    """What a network is told beside x: (B, C + 2 + 2 FREQUENCIES)."""
    steps = torch.arange(FREQUENCIES, device=time.device)
    angles = time[:, None] * (math.pi * 2.0 ** (steps - 1))  # (B, F)
    flag = known[:, None]
    return torch.cat([condition * flag, flag, time[:, None], angles.sin(), angles.cos()], dim=1)


class Block(nn.Module):
    """h + W2 silu(W1 norm(h) + W3 e): one residual step that sees the time and the condition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.context = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """h, e: (B, W)."""
        inner = functional.silu(self.inner(self.norm(h)) + self.context(e))
        found: Tensor = h + self.outer(inner)
        return found


class ConditionalMLP(nn.Module):
    """x (B, D), time (B,) in [0, 1], condition (B, C), known (B,) -> (B, D).

    The last three may have one row for all.

    The condition is a value: c itself, or a class as one of C. `known` is 1 where it counts and 0
    for the null condition, which is a flag of its own: c = 0 is a value like others.
    """

    def __init__(
        self, dimension: int, condition: int, width: int, depth: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(dimension, width)
        self.context = nn.Linear(condition + 2 + 2 * FREQUENCIES, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, dimension)
        initialise(self, generator)
        with torch.no_grad():
            for block in self.blocks:  # each begins as the identity
                block.get_submodule("outer").get_parameter("weight").zero_()

    def forward(self, x: Tensor, time: Tensor, condition: Tensor, known: Tensor) -> Tensor:
        """The prediction (B, D)."""
        e = functional.silu(self.context(time_features(time, condition, known)))
        h = self.enter(x)
        for block in self.blocks:
            h = block(h, e)
        out: Tensor = self.leave(self.norm(h))
        return out
