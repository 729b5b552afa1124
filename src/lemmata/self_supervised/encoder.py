"""One transformer for every method: patches of an image as tokens, all or some of them visible.

Axes: B images, T patches, K visible ones, W width. A digit of 8 x 8 pixels in patches of 2 x 2::

    images (B, 1, 8, 8) -> patches (B, 16, 4) -> tokens (B, 16, W)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.errors import LemmataError

PLACES = 0.15
"""Deviation of the places' rows before the first step: a third of what patches bring."""


@dataclass(frozen=True)
class Grid:
    """How an image is cut: its side and channels, and the side of a patch (pixels)."""

    side: int
    channels: int
    patch: int

    def __post_init__(self) -> None:
        """Refuse a patch that does not divide the image."""
        if self.side % self.patch:
            raise LemmataError(f"patch = {self.patch}: must divide the image's side, {self.side}")

    @property
    def across(self) -> int:
        """Patches in a row."""
        return self.side // self.patch

    @property
    def tokens(self) -> int:
        """T: patches of an image."""
        return self.across**2

    @property
    def values(self) -> int:
        """Values of a patch."""
        return self.channels * self.patch**2


@dataclass(frozen=True)
class Shape:
    """Width, depth and heads of a transformer."""

    width: int
    depth: int
    heads: int

    def __post_init__(self) -> None:
        """Refuse a width that heads or the places' four quarters cannot share."""
        if self.width % self.heads or self.width % 4:
            raise LemmataError(
                f"width = {self.width}: must be a multiple of 4 and of heads = {self.heads}"
            )


def patches(images: Tensor, grid: Grid) -> Tensor:
    """(B, C, side, side) -> (B, T, C * patch^2), patches row by row."""
    n, p = grid.across, grid.patch
    cut = images.reshape(len(images), grid.channels, n, p, n, p)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(len(images), n * n, -1)


def chosen(values: Tensor, index: Tensor) -> Tensor:
    """Rows of values (B, T, V) at index (B, K) -> (B, K, V). Only for what needs no gradient:
    its gradient adds in no fixed order on a GPU."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[2]))


def places(grid: Grid, width: int) -> Tensor:
    """What rows of places begin as (T, W): sines and cosines of row and column, half of W each.

    Wavelengths from 4 n to 2 patches on a grid of n across, each feature with mean 0 over places,
    all together with deviation `PLACES`. I-JEPA and MAE have wave numbers 10000^(-4i/W)
    [official code]; on a grid of 4 x 4 at width 32 all but a ninth of that table is one row that
    all places share, and what tells places apart hardly reaches the attention.
    """
    n = grid.across
    waves = math.pi * (2.0 * n) ** -torch.linspace(0.0, 1.0, width // 4, dtype=torch.float64)
    angles = (torch.arange(n, dtype=torch.float64) + 0.5)[:, None] * waves  # (n, W / 4)
    one = torch.cat([angles.sin(), angles.cos()], dim=1)  # (n, W / 2)
    rows, columns = one[:, None].expand(n, n, -1), one[None].expand(n, n, -1)
    table = torch.cat([rows, columns], dim=2).reshape(n * n, width)
    table = table - table.mean(dim=0)
    return (PLACES * table / table.std(correction=0)).float()


class Block(nn.Module):
    """Self-attention and MLP, each normalised first and added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.first, self.second = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.mix = nn.Linear(shape.width, shape.width)
        self.inner = nn.Linear(shape.width, 4 * shape.width)
        self.outer = nn.Linear(4 * shape.width, shape.width)

    def forward(self, h: Tensor, last: int | None = None) -> Tensor:
        """(B, T, W) -> (B, T, W); of the last tokens alone, (B, last, W), where so many are asked.

        All are attended to in any case.
        """
        attended = self._attend(self.first(h), last)
        h = (h if last is None else h[:, -last:]) + attended
        found: Tensor = h + self.outer(functional.gelu(self.inner(self.second(h))))
        return found

    def _attend(self, h: Tensor, last: int | None) -> Tensor:
        batch, tokens, width = h.shape
        q, k, v = self.qkv(h).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if last is not None:
            q = q[:, :, -last:]
        seen = functional.scaled_dot_product_attention(q, k, v)  # (B, heads, T, W / heads)
        found: Tensor = self.mix(seen.transpose(1, 2).reshape(batch, -1, width))
        return found


class Encoder(nn.Module):
    """Images and, if only some patches are visible, their places -> tokens, normalised at the end.

    The rows of places are learned. There is no class token: an image's embedding is the mean of its
    tokens, as I-JEPA evaluates [official code].
    """

    def __init__(self, grid: Grid, shape: Shape, generator: torch.Generator) -> None:
        super().__init__()
        self.grid = grid
        self.enter = nn.Linear(grid.values, shape.width)
        self.places = nn.Parameter(places(grid, shape.width))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width)
        initialise(self, generator)

    def forward(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """images (B, C, side, side), visible (B, K) -> tokens (B, K or T, W)."""
        h: Tensor = self.norm(self.layers(self.embed(images, visible))[-1])
        return h

    def embed(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """Patches with their places (B, K or T, W), before any block."""
        cut = patches(images, self.grid)  # (B, T, V)
        where: Tensor = self.places  # (T, W)
        if visible is not None:
            cut, where = chosen(cut, visible), functional.embedding(visible, where)
        h: Tensor = self.enter(cut) + where
        return h

    def layers(self, h: Tensor) -> list[Tensor]:
        """What each block makes of embedded patches, the patches themselves first."""
        found = [h]
        for block in self.blocks:
            found.append(block(found[-1]))
        return found

    def pooled(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """Embeddings (B, W): means over the visible tokens."""
        tokens: Tensor = self(images, visible)
        return tokens.mean(dim=1)


class Predictor(nn.Module):
    """From visible tokens to what stands at other places: I-JEPA's predictor and MAE's decoder.

    The visible tokens and one learned token for each place asked for go through a transformer of
    its own; what it makes of the latter is the answer.
    """

    def __init__(
        self, grid: Grid, width: int, shape: Shape, out: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(width, shape.width)
        self.places = nn.Parameter(places(grid, shape.width))
        self.asked = nn.Parameter(torch.empty(shape.width))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width)
        self.leave = nn.Linear(shape.width, out)
        initialise(self, generator)
        with torch.no_grad():
            self.asked.normal_(0.0, 0.02, generator=generator)

    def forward(self, tokens: Tensor, visible: Tensor, targets: Tensor) -> Tensor:
        """tokens (B, K, W) at visible (B, K); targets (B, M, N) -> (B, M, N, out).

        Each of the M blocks of N places is predicted apart from the others.
        """
        batch, blocks, count = targets.shape
        seen = self.enter(tokens) + functional.embedding(visible, self.places)  # (B, K, P)
        seen = seen[:, None].expand(-1, blocks, -1, -1).flatten(0, 1)  # (B M, K, P)
        asked = self.asked + functional.embedding(targets.flatten(1), self.places)  # (B, M N, P)
        h = torch.cat([seen, asked.view(batch * blocks, count, -1)], dim=1)
        for number, block in enumerate(self.blocks, start=1):
            h = block(h, count if number == len(self.blocks) else None)
        answer: Tensor = self.leave(self.norm(h[:, -count:]))  # there may be no block
        return answer.view(batch, blocks, count, -1)


class Projector(nn.Module):
    """Two hidden layers with batch norm between embedding and loss, as in VICReg and SimCLR."""

    def __init__(self, width: int, hidden: int, out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, out, bias=False),
        )
        initialise(self, generator)

    def forward(self, h: Tensor) -> Tensor:
        """(B, W) -> (B, out)."""
        out: Tensor = self.layers(h)
        return out


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Linear weights uniform with variance 2 / (fan-in + fan-out) (Glorot, Bengio 2010), no biases.

    As MAE has it [official code]; norms begin as the identity.
    """
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.Linear):
                bound = math.sqrt(6.0 / sum(layer.weight.shape))
                layer.weight.uniform_(-bound, bound, generator=generator)
                if layer.bias is not None:
                    layer.bias.zero_()
