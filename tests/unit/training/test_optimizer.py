"""Steps with less around them are the optimizer's own steps, bit by bit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lemmata.training.optimizer import Stepper

Make = Callable[[Iterable[Any]], torch.optim.Optimizer]
MAKES: dict[str, Make] = {
    "adam": lambda p: torch.optim.Adam(p, lr=1e-2, fused=True),
    "adam with decay": lambda p: torch.optim.Adam(p, lr=1e-2, weight_decay=0.1, fused=True),
    "adamw": lambda p: torch.optim.AdamW(
        p, lr=1e-2, betas=(0.8, 0.95), weight_decay=0.3, eps=1e-6, fused=True
    ),
    "not fused": lambda p: torch.optim.AdamW(p, lr=1e-2),
    "amsgrad": lambda p: torch.optim.AdamW(p, lr=1e-2, amsgrad=True, fused=True),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-2, fused=True),
}


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 19), nn.GELU(), nn.LayerNorm(19), nn.Linear(19, 3))


def groups(model: nn.Module) -> list[dict[str, Any]]:
    """Matrices and vectors apart, at different rates."""
    own = list(model.parameters())
    return [
        {"params": [w for w in own if w.ndim > 1]},
        {"params": [w for w in own if w.ndim == 1], "lr": 3e-3, "weight_decay": 0.0},
    ]


def gradients(model: nn.Module, step: int, without: int | None) -> None:
    """Gradients of a loss of the step; none for the weight of this number."""
    x = torch.randn(11, 7, generator=torch.Generator().manual_seed(step))
    model(x).square().mean().backward()
    for number, weight in enumerate(model.parameters()):
        if number == without:
            weight.grad = None


def train(
    model: nn.Module, optimizer: torch.optim.Optimizer, steps: range, *, ours: bool, missing: int
) -> None:
    """missing: the step from which a weight has no gradient twice."""
    stepper = Stepper(optimizer)
    for step in steps:
        for group in optimizer.param_groups:
            group["lr"] *= 0.97
        stepper.clear_gradients() if ours else optimizer.zero_grad(set_to_none=True)
        assert all(weight.grad is None for weight in model.parameters())
        gradients(model, step, 2 if step in (missing, missing + 1) else None)
        stepper() if ours else optimizer.step()


def said(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Every number that makes the rest of a training."""
    states = optimizer.state_dict()["state"].values()
    return [*model.parameters(), *(v for s in states for v in s.values() if torch.is_tensor(v))]


@pytest.mark.parametrize("missing", [-9, 1, 12])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_steps_are_the_optimizers_own(make: Make, missing: int) -> None:
    found = []
    for ours in (False, True):
        model = network()
        optimizer = make(groups(model))
        train(model, optimizer, range(1, 30), ours=ours, missing=missing)
        found.append(said(model, optimizer))
    assert len(found[0]) == len(found[1]) >= 6
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("make", [MAKES["adam"], MAKES["adamw"]], ids=["adam", "adamw"])
@pytest.mark.parametrize(("before", "after"), [(True, True), (True, False), (False, True)])
def test_a_state_goes_on_in_either(make: Make, before: bool, after: bool) -> None:
    whole = network()
    optimizer = make(groups(whole))
    train(whole, optimizer, range(1, 21), ours=False, missing=-9)
    wanted = said(whole, optimizer)
    model = network()
    optimizer = make(groups(model))
    train(model, optimizer, range(1, 9), ours=before, missing=-9)
    state = copy.deepcopy(optimizer.state_dict())
    optimizer = make(groups(model))
    optimizer.load_state_dict(state)
    train(model, optimizer, range(9, 21), ours=after, missing=-9)
    assert all(torch.equal(a, b) for a, b in zip(wanted, said(model, optimizer), strict=True))


@pytest.mark.parametrize("name", MAKES)
def test_the_kernel_is_called_where_it_serves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    optimizer = MAKES[name](groups(model))
    own = []
    step = optimizer.step
    monkeypatch.setattr(optimizer, "step", lambda: own.append(1) or step())
    train(model, optimizer, range(1, 11), ours=True, missing=-9)
    assert len(own) == (1 if name in ("adam", "adam with decay", "adamw") else 10)
