"""The transformer and its patches against plain loops and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import (
    Block,
    Encoder,
    Grid,
    Predictor,
    Shape,
    chosen,
    initialise,
    patches,
    places,
)

GRID, SHAPE = Grid(side=8, channels=1, patch=2), Shape(width=16, depth=2, heads=2)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("channels", [1, 3])
def test_patches_against_loops(channels: int) -> None:
    grid = Grid(6, channels, 2)
    images = torch.arange(2 * channels * 36.0).view(2, channels, 6, 6)
    found = patches(images, grid)
    for b in range(2):
        for row in range(3):
            for column in range(3):
                cut = images[b, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                assert torch.equal(found[b, 3 * row + column], cut.flatten())


def test_places_are_sines_of_row_and_column() -> None:
    table = places(Grid(8, 1, 2), 16)
    row, column = 2, 3
    waves = [10000.0 ** (-i / 4) for i in range(4)]
    wanted = [f(axis * w) for axis in (row, column) for f in (math.sin, math.cos) for w in waves]
    np.testing.assert_allclose(table[4 * row + column], wanted, atol=1e-6)
    assert len({tuple(line.tolist()) for line in table}) == 16


def test_block_against_plain_attention() -> None:
    block = Block(SHAPE).double()
    initialise(block, generator())
    h = torch.randn(2, 5, 16, generator=generator(1), dtype=torch.float64)
    wanted = h.clone()
    for b in range(2):
        n = block.first(h[b])
        q, k, v = (n @ w.T for w in block.qkv.weight.chunk(3))
        heads = []
        for part in (slice(0, 8), slice(8, 16)):
            scores = q[:, part] @ k[:, part].T / math.sqrt(8)
            heads.append(torch.softmax(scores, dim=1) @ v[:, part])
        wanted[b] += block.mix(torch.cat(heads, dim=1))
        x = block.inner(block.second(wanted[b]))
        gelu = 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
        wanted[b] += block.outer(gelu)
    torch.testing.assert_close(block(h), wanted)


def test_hidden_patches_change_nothing_and_order_of_visible_ones_neither() -> None:
    encoder = Encoder(GRID, SHAPE, generator())
    images = torch.randn(3, 1, 8, 8, generator=generator(1))
    visible = torch.tensor([[0, 5, 7], [1, 2, 3], [13, 14, 15]])
    tokens = encoder(images, visible)
    changed = images.clone()
    changed[:, :, 4:6, 0:2] += 9.0  # patch 8, which nobody sees
    assert torch.equal(encoder(changed, visible), tokens)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(encoder(images, visible[:, order]), tokens[:, order])
    torch.testing.assert_close(encoder(images, torch.arange(16).expand(3, -1)), encoder(images))
    torch.testing.assert_close(encoder.pooled(images), encoder(images).mean(dim=1))


def test_each_block_is_predicted_apart() -> None:
    predictor = Predictor(GRID, 16, Shape(8, 1, 2), 5, generator())
    tokens = torch.randn(2, 3, 16, generator=generator(1))
    visible = torch.tensor([[0, 5, 7], [1, 2, 3]])
    targets = torch.tensor([[[8, 9], [12, 13]], [[10, 11], [4, 5]]])
    both = predictor(tokens, visible, targets)
    assert both.shape == (2, 2, 2, 5)
    for m in range(2):
        alone = predictor(tokens, visible, targets[:, m : m + 1])
        torch.testing.assert_close(both[:, m : m + 1], alone)


def test_chosen() -> None:
    values = torch.arange(24.0).view(2, 4, 3)
    index = torch.tensor([[3, 0], [1, 1]])
    for b in range(2):
        assert torch.equal(chosen(values, index)[b], values[b][index[b]])


def test_weights_come_from_the_generator_alone() -> None:
    torch.manual_seed(1)
    first = Encoder(GRID, SHAPE, generator()).state_dict()
    torch.manual_seed(2)
    second = Encoder(GRID, SHAPE, generator()).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    wide = torch.nn.Linear(400, 200)
    initialise(wide, generator())
    assert float(wide.weight.detach().std()) == pytest.approx(math.sqrt(2 / 600), rel=0.02)
    assert not wide.bias.any()


def test_refusals() -> None:
    with pytest.raises(LemmataError, match="patch = 3: must divide the image's side, 8"):
        Grid(8, 1, 3)
    with pytest.raises(LemmataError, match="width = 18: must be a multiple of 4 and of heads = 2"):
        Shape(18, 2, 2)
