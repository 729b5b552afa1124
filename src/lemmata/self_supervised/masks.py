"""Which patches a method sees and which it must predict: blocks of tokens around random centres.

I-JEPA's own sampler draws rectangles that never reach the last row or column, and cuts all masks
of a batch to the smallest [official code]; on a grid of 4 x 4 that leaves seven places never asked
for. Here a block is the K tokens nearest to a random point, so all counts are fixed, every place
can be asked for, and a batch is one dense array. In a grid of 4 x 4 with one block of 4::

    . . T T        T: target block      context_share = 0.5: of the 12 others, 6 around
    . c T T        c: context             a centre of their own
    c c . .
    c c c .
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import Grid


@dataclass(frozen=True)
class MaskSettings:
    """blocks: target blocks M; target_share: size of each, of all tokens; context_share: of what
    the blocks are sure to leave, how much is visible; mask_shape: blocks, or tokens anywhere.
    """

    blocks: int
    target_share: float
    context_share: float
    mask_shape: Literal["block", "scattered"]


class Masks(NamedTuple):
    """visible (B, K): places of the context; targets (B, M, N): places of each target block."""

    visible: Tensor
    targets: Tensor


def counts(grid: Grid, settings: MaskSettings) -> tuple[int, int]:
    """K visible tokens and N tokens of a target block. Raises LemmataError where none is left."""
    size = max(round(settings.target_share * grid.tokens), 1)
    left = grid.tokens - settings.blocks * size
    if left < 1:
        raise LemmataError(
            f"blocks = {settings.blocks}, target_share = {settings.target_share}: of"
            f" {grid.tokens} tokens none is sure to be left for the context"
        )
    return max(round(settings.context_share * left), 1), size


def draw_masks(grid: Grid, settings: MaskSettings, batch: int, generator: torch.Generator) -> Masks:
    """Masks of a batch, on the generator's device. Blocks may overlap, the context avoids them."""
    visible, size = counts(grid, settings)
    far = _distances(grid, settings, batch * (settings.blocks + 1), generator)
    far = far.view(batch, settings.blocks + 1, grid.tokens)
    targets = far[:, 1:].topk(size, largest=False).indices  # (B, M, N)
    taken = torch.zeros(batch, grid.tokens, dtype=torch.bool, device=far.device)
    taken.scatter_(1, targets.flatten(1), value=True)
    context = far[:, 0].masked_fill(taken, float("inf"))
    nearest = context.topk(visible, largest=False).indices  # (B, K)
    return Masks(nearest.sort(dim=1).values, targets.sort(dim=2).values)


def _distances(grid: Grid, settings: MaskSettings, rows: int, generator: torch.Generator) -> Tensor:
    """Squared distances (rows, T) of all tokens to a random point each, ties broken at random."""
    device = generator.device
    noise = torch.rand(rows, grid.tokens, generator=generator, device=device)
    if settings.mask_shape == "scattered":
        return noise
    n = grid.across
    centres = torch.rand(rows, 2, 1, generator=generator, device=device) * n - 0.5
    axis = torch.arange(n, dtype=torch.float32, device=device)
    row, column = torch.meshgrid(axis, axis, indexing="ij")
    spots = torch.stack([row.flatten(), column.flatten()])  # (2, T)
    return (spots - centres).square().sum(dim=1) + 1e-3 * noise
