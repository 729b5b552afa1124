"""A diffusion transformer for images: patches as tokens, time and class by adaptive norms."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.diffusion.network import FREQUENCIES, time_features
from lemmata.errors import LemmataError
from lemmata.training.networks import initialise

HEAD_WIDTH = 32


class Layer(nn.Module):
    """Attention and MLP, each scaled, shifted and gated by the condition (adaLN-Zero)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.inner = nn.Linear(width, 4 * width)
        self.outer = nn.Linear(4 * width, width)
        self.modulate = nn.Linear(width, 6 * width)

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """h (B, T, W), e (B, W) -> (B, T, W)."""
        parts = self.modulate(functional.silu(e))[:, None].chunk(6, dim=-1)  # each (B, 1, W)
        h = h + parts[2] * self._attend(self.norms[0](h) * (1 + parts[0]) + parts[1])
        inner = self.inner(self.norms[1](h) * (1 + parts[3]) + parts[4])
        found: Tensor = h + parts[5] * self.outer(functional.gelu(inner))
        return found

    def _attend(self, h: Tensor) -> Tensor:
        batch, tokens, width = h.shape
        q, k, v = self.qkv(h).view(batch, tokens, 3, self.heads, HEAD_WIDTH).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v)  # (B, heads, T, W / heads)
        found: Tensor = self.mix(seen.transpose(1, 2).reshape(batch, tokens, width))
        return found


class DiT(nn.Module):
    """Images x (B, D) as rows of channels, time (B,), condition (B, C), known (B,) -> (B, D).

    The design of Peebles and Xie (arXiv 2212.09748): learned places, adaLN-Zero, a linear head.
    Takes what `ConditionalMLP` takes, so that samplers see no difference.
    """

    def __init__(
        self,
        side: int,
        channels: int,
        condition: int,
        width: int,
        depth: int,
        patch: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if width % HEAD_WIDTH or side % patch:
            raise LemmataError(
                f"dit: width = {width}, patch = {patch}: the width must be a multiple of"
                f" {HEAD_WIDTH} and the patch divide the image's side, {side}"
            )
        self.side, self.channels, self.patch = side, channels, patch
        tokens, values = (side // patch) ** 2, channels * patch * patch
        self.enter = nn.Linear(values, width)
        self.places = nn.Parameter(torch.empty(tokens, width))
        self.context = nn.Linear(condition + 2 + 2 * FREQUENCIES, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, values)
        initialise(self, generator)
        with torch.no_grad():
            self.places.normal_(0.0, 1.0 / math.sqrt(width), generator=generator)
            for layer in self.layers:  # each begins as the identity
                layer.get_submodule("modulate").get_parameter("weight").zero_()

    def forward(self, x: Tensor, time: Tensor, condition: Tensor, known: Tensor) -> Tensor:
        """The prediction (B, D)."""
        e = self.context(time_features(time, condition, known))
        h = self.enter(self._cut(x)) + self.places
        for layer in self.layers:
            h = layer(h, e)
        return self._join(self.leave(self.norm(h)))

    def _cut(self, x: Tensor) -> Tensor:
        """(B, D) -> patches (B, T, channels * patch^2)."""
        n = self.side // self.patch
        grid = x.view(-1, self.channels, n, self.patch, n, self.patch)
        return grid.permute(0, 2, 4, 1, 3, 5).reshape(len(x), n * n, -1)

    def _join(self, patches: Tensor) -> Tensor:
        n = self.side // self.patch
        grid = patches.view(-1, n, n, self.channels, self.patch, self.patch)
        return grid.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), -1)
