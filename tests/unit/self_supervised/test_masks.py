"""Masks: counts, disjointness, nearness, and that every place can be asked for."""

from __future__ import annotations

import pytest
import torch

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import Grid
from lemmata.self_supervised.masks import MaskSettings, counts, draw_masks

GRID = Grid(side=8, channels=1, patch=2)


def draw(settings: MaskSettings, batch: int = 400, seed: int = 0):
    return draw_masks(GRID, settings, batch, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", ["block", "scattered"])
@pytest.mark.parametrize(
    ("blocks", "target", "context", "visible", "size"),
    [(1, 0.25, 1.0, 12, 4), (1, 0.75, 0.5, 2, 12), (4, 0.175, 1.0, 4, 3), (2, 0.01, 0.01, 1, 1)],
)
def test_counts_and_disjointness(shape, blocks, target, context, visible, size) -> None:
    settings = MaskSettings(blocks, target, context, shape)
    assert counts(GRID, settings) == (visible, size)
    masks = draw(settings)
    assert masks.visible.shape == (400, visible)
    assert masks.targets.shape == (400, blocks, size)
    for seen, asked in zip(masks.visible.tolist(), masks.targets.tolist(), strict=True):
        assert seen == sorted(set(seen))
        assert all(block == sorted(set(block)) for block in asked)
        assert not set(seen) & {place for block in asked for place in block}


def test_a_block_is_the_nearest_tokens_of_some_point() -> None:
    """By brute force: a fine grid of centres gives every block that is drawn."""
    axis = torch.arange(-0.5, 3.5, 0.02) + 1e-4
    centres = torch.cartesian_prod(axis, axis)  # (M, 2)
    spots = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0))
    near = (spots - centres[:, None]).square().sum(-1).topk(4, largest=False).indices
    possible = {tuple(row) for row in near.sort(dim=1).values.tolist()}
    drawn = draw(MaskSettings(1, 0.25, 1.0, "block")).targets[:, 0].tolist()
    assert {tuple(row) for row in drawn} <= possible
    assert len({tuple(row) for row in drawn}) > 20


@pytest.mark.parametrize("shape", ["block", "scattered"])
def test_every_place_is_asked_for_and_seen(shape) -> None:
    masks = draw(MaskSettings(1, 0.25, 0.25, shape), batch=2000)
    assert set(masks.targets.flatten().tolist()) == set(range(16))
    assert set(masks.visible.flatten().tolist()) == set(range(16))


def test_scattered_tokens_are_uniform() -> None:
    masks = draw(MaskSettings(1, 0.25, 1.0, "scattered"), batch=8000)
    share = torch.bincount(masks.targets.flatten(), minlength=16) / 8000
    assert float((share - 0.25).abs().max()) < 0.025  # 5 standard errors


def test_a_function_of_the_generator() -> None:
    settings = MaskSettings(2, 0.2, 1.0, "block")
    assert torch.equal(draw(settings, seed=3).visible, draw(settings, seed=3).visible)
    assert not torch.equal(draw(settings, seed=3).visible, draw(settings, seed=4).visible)


def test_no_room_for_a_context() -> None:
    with pytest.raises(LemmataError, match="of 16 tokens none is sure to be left"):
        counts(GRID, MaskSettings(4, 0.25, 1.0, "block"))
