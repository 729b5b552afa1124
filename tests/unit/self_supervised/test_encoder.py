"""The transformer and its patches against plain loops and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import (
    PLACES,
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
from lemmata.self_supervised.methods.table import new_method
from tests.unit.self_supervised.settings import OWN

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


def test_places_are_centred_sines_of_row_and_column() -> None:
    table = places(Grid(8, 1, 2), 16).double().numpy()
    waves = [math.pi * 8 ** (-i / 3) for i in range(4)]  # wavelengths from 2 to 16 patches
    raw = np.array(
        [
            [f((at + 0.5) * w) for at in place for f in (math.sin, math.cos) for w in waves]
            for place in np.ndindex(4, 4)
        ]
    )
    raw -= raw.mean(axis=0)
    np.testing.assert_allclose(table, PLACES * raw / np.sqrt((raw**2).mean()), atol=1e-6)


@pytest.mark.parametrize(("across", "width"), [(2, 32), (4, 16), (4, 32), (8, 384)])
def test_places_differ_rather_than_share_a_row(across: int, width: int) -> None:
    """What places have in common tells them apart as little as a bias would."""
    table = places(Grid(2 * across, 1, 2), width).double()
    assert float(table.mean(dim=0).abs().max()) < 1e-7
    assert float(table.square().mean().sqrt()) == pytest.approx(PLACES)
    apart = torch.cdist(table, table) + 9.0 * torch.eye(across**2)
    assert float(apart.min()) > 0.1 * PLACES * math.sqrt(width)


@pytest.mark.parametrize("method", ["i_jepa", "mae", "data2vec"])
def test_gradients_reach_the_places(method: str) -> None:
    """Of the encoder that learns and of the predictor, though only some places are visible."""
    module, own = new_method(method, GRID, SHAPE, OWN[method], generator())
    own.loss(torch.randn(8, 1, 8, 8, generator=generator(1)), generator(2))["loss"].backward()
    rows = {name: v for name, v in module.named_parameters() if name.endswith("places")}
    learned = [v for v in rows.values() if v.requires_grad]
    assert len(learned) == (1 if method == "data2vec" else 2)
    assert all(v.grad is not None and bool(v.grad.abs().sum() > 0) for v in learned)


def test_places_are_soon_told_apart() -> None:
    """Images that slope at random: what is hidden follows from what is visible and from where.

    75 steps of MAE explain most of the pixels, of variance 1. With a table of which nine tenths are
    one row that all places share they explain a third.
    """
    own = {**OWN["mae"], "target_share": 0.5, "mask_shape": "scattered", "predictor_width": 32}
    module, method = new_method("mae", GRID, Shape(32, 2, 2), own, generator())
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3, fused=True)
    axis, draw = torch.linspace(-1.0, 1.0, 8), generator(1)
    losses = []
    for _ in range(75):
        slopes = torch.randn(64, 2, 1, 1, generator=draw)
        images = slopes[:, 0] * axis[:, None] + slopes[:, 1] * axis  # (B, 8, 8)
        loss = method.loss((images / images.std())[:, None], draw)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[:5]) > 0.9
    assert np.mean(losses[-25:]) < 0.35


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


@pytest.mark.parametrize("last", [1, 3, 7])
def test_the_last_tokens_are_those_among_all_and_so_are_their_gradients(last: int) -> None:
    block = Block(SHAPE).double()
    initialise(block, generator())
    h = torch.randn(2, 7, 16, generator=generator(1), dtype=torch.float64, requires_grad=True)
    every, some = block(h)[:, -last:], block(h, last)
    torch.testing.assert_close(some, every)
    weights = [h, *block.parameters()]
    wanted = torch.autograd.grad(every.sin().sum(), weights)
    torch.testing.assert_close(torch.autograd.grad(some.sin().sum(), weights), wanted)


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


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_each_block_is_predicted_apart(depth: int) -> None:
    predictor = Predictor(GRID, 16, Shape(8, depth, 2), 5, generator())
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
