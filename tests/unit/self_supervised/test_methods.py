"""Each method's loss against plain loops or closed forms, and what moves with its steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from lemmata.errors import LemmataError
from lemmata.self_supervised.encoder import Encoder, Grid, Shape, patches
from lemmata.self_supervised.masks import Masks, draw_masks
from lemmata.self_supervised.methods.data2vec import is_masked, layer_target, masked_loss
from lemmata.self_supervised.methods.dino import distillation_loss
from lemmata.self_supervised.methods.i_jepa import normalised, prediction_loss
from lemmata.self_supervised.methods.mae import pixel_loss
from lemmata.self_supervised.methods.method import (
    Headed,
    move_towards,
    rising,
    slow_copy,
    spread,
    weights_of,
)
from lemmata.self_supervised.methods.simclr import contrastive_loss
from lemmata.self_supervised.methods.table import METHODS, new_method
from lemmata.self_supervised.methods.vicreg import vicreg_terms
from lemmata.self_supervised.views import ViewSettings, view
from tests.unit.self_supervised.settings import OWN

GRID, SHAPE = Grid(side=8, channels=1, patch=2), Shape(width=16, depth=2, heads=2)


def draws(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def made(name: str):
    return new_method(name, GRID, SHAPE, OWN[name], torch.Generator().manual_seed(0))


# Losses ---------------------------------------------------------------------------------------


def test_jepa_loss() -> None:
    predicted, wanted = 2.0 * draws(3, 2, 4), draws(3, 2, 4, seed=1)
    total = 0.0
    for p, w in zip(predicted.view(-1, 4).numpy(), wanted.view(-1, 4).numpy(), strict=True):
        w = (w - w.mean()) / math.sqrt(w.var() + 1e-5)
        gap = np.abs(p - w)
        total += np.where(gap < 1, gap**2 / 2, gap - 0.5).sum()
    assert float(prediction_loss(predicted, wanted)) == pytest.approx(total / 24)
    assert float(prediction_loss(normalised(wanted), wanted)) == 0.0


def test_mae_loss() -> None:
    predicted, wanted = draws(3, 5), draws(3, 5, seed=1)
    plain = pixel_loss(predicted, wanted, normalise=False)
    assert float(plain) == pytest.approx(((predicted - wanted) ** 2).mean().item())
    each = wanted.numpy()
    scaled = (each - each.mean(1, keepdims=True)) / np.sqrt(
        each.var(1, ddof=1, keepdims=True) + 1e-6
    )
    found = pixel_loss(predicted, wanted, normalise=True)
    assert float(found) == pytest.approx(((predicted.numpy() - scaled) ** 2).mean())


def test_data2vec_target_and_loss() -> None:
    layers = [draws(2, 3, 4, seed=s) for s in range(4)]
    wanted = (normalised(layers[2]) + normalised(layers[3])) / 2
    torch.testing.assert_close(layer_target(layers, 2), wanted)
    masks = Masks(torch.tensor([[0], [2]]), torch.tensor([[[1, 2]], [[0, 1]]]))
    masked = is_masked(masks, 3)
    assert masked.tolist() == [[False, True, True], [True, True, False]]
    predicted = draws(2, 3, 4, seed=9)
    gap = (predicted - wanted).abs()
    each = torch.where(gap < 1, gap**2 / 2, gap - 0.5)[masked].mean()
    assert float(masked_loss(predicted, wanted, masked)) == pytest.approx(float(each))


def test_vicreg_terms_against_loops() -> None:
    first, second = draws(7, 3), 0.3 * draws(7, 3, seed=1)
    invariance, variance, covariance = vicreg_terms(first, second)
    assert float(invariance) == pytest.approx(np.mean((first - second).numpy() ** 2))
    hinge, crossed = 0.0, 0.0
    for z in (first.numpy(), second.numpy()):
        hinge += np.mean(np.maximum(0, 1 - np.sqrt(z.var(0, ddof=1) + 1e-4))) / 2
        c = np.cov(z.T)
        crossed += sum(c[i, j] ** 2 for i in range(3) for j in range(3) if i != j) / 3
    assert float(variance) == pytest.approx(hinge)
    assert float(covariance) == pytest.approx(crossed)


def test_contrastive_loss_against_loops() -> None:
    first, second = draws(4, 3), draws(4, 3, seed=1)
    z = torch.cat([first, second]).numpy()
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    total = 0.0
    for i in range(8):
        others = [j for j in range(8) if j != i]
        positive = (i + 4) % 8
        logits = np.array([z[i] @ z[j] / 0.3 for j in others])
        total += np.log(np.exp(logits).sum()) - z[i] @ z[positive] / 0.3
    assert float(contrastive_loss(first, second, 0.3)) == pytest.approx(total / 8)


def test_contrastive_loss_of_collapsed_features() -> None:
    same = torch.ones(5, 3)
    assert float(contrastive_loss(same, same, 0.2)) == pytest.approx(math.log(9))


def test_distillation_loss_against_loops() -> None:
    student, teacher, centre = draws(3, 4), draws(3, 4, seed=1), draws(4, seed=2)
    total = 0.0
    for s, t in zip(student.numpy(), teacher.numpy(), strict=True):
        p = np.exp((t - centre.numpy()) / 0.05)
        q = np.exp(s / 0.2)
        total -= (p / p.sum() * np.log(q / q.sum())).sum()
    found = distillation_loss(student, teacher, centre, (0.2, 0.05))
    assert float(found) == pytest.approx(total / 3)


# Methods --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_a_step(name: str) -> None:
    """Gradients reach what is trained and nothing that is slow; a step lowers its batch's loss."""
    module, method = made(name)
    images = torch.randn(16, 1, 8, 8, generator=torch.Generator().manual_seed(1))

    def loss() -> dict[str, Tensor]:
        return method.loss(images, torch.Generator().manual_seed(2))

    before = loss()
    before["loss"].backward()
    slow = [p for p in module.parameters() if not p.requires_grad]
    fast = [p for p in module.parameters() if p.requires_grad]
    assert all(p.grad is None for p in slow)
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in fast)
    assert bool(slow) == (name in ("i_jepa", "data2vec", "dino"))
    optimizer = torch.optim.SGD(fast, lr=1e-3)
    optimizer.step()
    assert float(loss()["loss"].detach()) < float(before["loss"].detach())
    assert math.isfinite(float(before["spread"]))


@pytest.mark.parametrize("name", METHODS)
def test_views_are_positives(name: str) -> None:
    """Views are random, repeatable, and of the probed encoder, which is one of the networks."""
    module, method = made(name)
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    first, again, other = (
        method.view(images, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (6, 16)
    assert isinstance(method.probed, Encoder)
    assert any(part is method.probed for part in module.modules())


@pytest.mark.parametrize("name", ["i_jepa", "data2vec", "dino"])
def test_the_slow_encoder_follows(name: str) -> None:
    module, method = made(name)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.add_(1.0)
    method.follow(0.5)
    decay = rising(OWN[name]["ema"], 0.5)
    slow = method.probed.state_dict()
    prefix = {"i_jepa": "target.", "data2vec": "teacher.", "dino": "teacher."}[name]
    for key, value in slow.items():
        torch.testing.assert_close(value, before[prefix + key] + (1.0 - decay))
    method.follow(1.0)  # the decay has reached 1
    torch.testing.assert_close(method.probed.state_dict()["enter.weight"], slow["enter.weight"])


def test_dino_centre() -> None:
    module, method = made("dino")
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    method.loss(images, torch.Generator().manual_seed(0))
    state = module.state_dict()
    assert not state["centre"].any()
    assert bool(state["last"].any())
    method.follow(0.0)
    torch.testing.assert_close(module.state_dict()["centre"], 0.1 * state["last"])


def test_moving_average_and_spread() -> None:
    fast = torch.nn.Linear(3, 2)
    slow = slow_copy(fast)
    start = slow.weight.clone()
    with torch.no_grad():
        fast.weight.add_(2.0)
    move_towards(weights_of(slow), weights_of(fast), 0.75)
    torch.testing.assert_close(slow.weight, start + 0.5)
    assert float(spread(torch.tensor([[0.0, 1.0], [2.0, 1.0]]))) == pytest.approx(1.0)
    assert float(spread(torch.ones(4, 3))) == 0.0


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(LemmataError, match=r"mae\.ema: unknown key"):
        new_method("mae", GRID, SHAPE, {**OWN["mae"], "ema": 0.9}, torch.Generator())


# Views ----------------------------------------------------------------------------------------


def test_a_view_that_changes_nothing() -> None:
    images = torch.randn(5, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    still = view(images, ViewSettings(1.0, mirror=False, jitter=0.0, noise=0.0), torch.Generator())
    torch.testing.assert_close(still, images)


def test_crops_stay_inside_and_shrink() -> None:
    """On an image that is its own x coordinate, a crop is linear: its slope is the kept side."""
    ramp = torch.linspace(-7 / 8, 7 / 8, 8).expand(400, 1, 8, 8)
    crops = view(ramp, ViewSettings(0.25, mirror=True, jitter=0.0, noise=0.0), torch.Generator())
    slope = (crops[:, 0, 0, 5] - crops[:, 0, 0, 2]) / (ramp[0, 0, 0, 5] - ramp[0, 0, 0, 2])
    assert float(slope.abs().min()) >= 0.5 - 1e-6
    assert float(slope.abs().max()) <= 1.0 + 1e-6
    assert 0.35 < float((slope < 0).double().mean()) < 0.65
    assert float(crops.abs().max()) <= 7 / 8 + 1e-6


def test_noise_and_jitter() -> None:
    images = torch.zeros(2000, 1, 4, 4)
    noisy = view(images, ViewSettings(1.0, mirror=False, jitter=0.0, noise=0.3), torch.Generator())
    assert float(noisy.std()) == pytest.approx(0.3, rel=0.03)
    moved = view(images, ViewSettings(1.0, mirror=False, jitter=0.4, noise=0.0), torch.Generator())
    shift = moved.mean(dim=(1, 2, 3))
    assert float(shift.abs().max()) <= 0.4
    assert float(shift.std()) == pytest.approx(0.4 / math.sqrt(3), rel=0.05)
    assert patches(moved, Grid(4, 1, 4)).std(dim=2).max() < 1e-6


# Heads ----------------------------------------------------------------------------------------

HEADS = {"i_jepa": "predictor", "vicreg": "projector", "simclr": "projector", "dino": "projector"}


@pytest.mark.parametrize("name", METHODS)
def test_methods_with_a_head_have_its_name(name: str) -> None:
    _, method = made(name)
    assert isinstance(method, Headed) == (name in HEADS)
    if isinstance(method, Headed):
        assert method.head_name == HEADS[name]


@pytest.mark.parametrize("name", ["vicreg", "simclr"])
def test_a_projectors_view_is_the_projection_of_the_same_view(name: str) -> None:
    (_, method), images = made(name), draws(6, 1, 8, 8).float()
    method.eval()
    expected = method.projector(method.view(images, torch.Generator().manual_seed(3)))
    found = method.head_view(images, torch.Generator().manual_seed(3))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_dinos_head_is_what_prototypes_are_compared_with() -> None:
    (_, method), images = made("dino"), draws(6, 1, 8, 8).float()
    found = method.head_view(images, torch.Generator().manual_seed(3))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(6))
    h = method.view(images, torch.Generator().manual_seed(3))
    prototypes = method.teacher_head.prototypes.weight
    cosines = found @ (prototypes / prototypes.norm(dim=1, keepdim=True)).T
    torch.testing.assert_close(method.teacher_head(h), cosines)


def test_i_jepas_head_is_the_mean_prediction() -> None:
    (_, method), images = made("i_jepa"), draws(6, 1, 8, 8).float()
    generator = torch.Generator().manual_seed(3)
    masks = draw_masks(method.grid, method.settings, 6, generator)
    predicted = method.predictor(
        method.context(images, masks.visible), masks.visible, masks.targets
    )  # (B, M, N, W)
    expected = predicted.flatten(1, 2).mean(dim=1)
    found = method.head_view(images, torch.Generator().manual_seed(3))
    torch.testing.assert_close(found, expected)
