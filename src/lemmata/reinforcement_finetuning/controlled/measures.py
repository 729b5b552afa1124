"""What a policy does on the two groups of inputs, in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.reinforcement_finetuning.controlled.groups import GROUPS
from lemmata.reinforcement_finetuning.controlled.task import Task, reward_of
from lemmata.reinforcement_finetuning.objectives import expected_reward, reward_std


def measured(
    model: nn.Module, task: Task, wrong_on_modified: float, most: int
) -> list[dict[str, Any]]:
    """One row for each group of the inputs that policies are trained on, at most `most` of each.

    group, n (measured), inputs (in the group), and means over inputs: reward, std, accuracy;
    median_p of the right label; norms of the gradient of the group's mean reward, rft_gradient, and
    of its mean cross entropy, sft_gradient, also over the norm of the parameters.
    """
    double = copy.deepcopy(model).double()
    weights = torch.cat([p.detach().flatten() for p in double.parameters()]).norm()
    rows = []
    for group, flag in zip(GROUPS, (True, False), strict=True):
        own = task.part(task.tuned & (task.modified == flag))
        count = min(most, len(own.labels))
        device = next(double.parameters()).device
        inputs = own.inputs[:count].double().to(device)
        labels = own.labels[:count].to(device)
        reward = reward_of(
            labels, own.modified[:count].to(device), task.allowed.shape[1], wrong_on_modified
        )
        rows.append(
            {"group": group, "n": count, "inputs": len(own.labels)}
            | _row(double, inputs, labels, reward.double(), float(weights))
        )
    return rows


def _row(
    model: nn.Module, inputs: Tensor, labels: Tensor, reward: Tensor, weights: float
) -> dict[str, float]:
    logits = model(inputs)  # (n, K)
    p = torch.softmax(logits.detach(), dim=1)
    least = reward.amin(dim=1, keepdim=True)
    rft = _gradient_norm(model, lambda: expected_reward(logits, reward - least).mean())
    sft = _gradient_norm(model, lambda: functional.cross_entropy(logits, labels))
    return {
        "reward": float((p * reward).sum(dim=1).mean()),
        "std": float(reward_std(p, reward - least).mean()),
        "accuracy": float((logits.argmax(dim=1) == labels).double().mean()),
        "median_p": float(p.gather(1, labels[:, None]).median()),
        "rft_gradient": rft,
        "sft_gradient": sft,
        "rft_gradient_relative": rft / weights,
        "sft_gradient_relative": sft / weights,
    }


def _gradient_norm(model: nn.Module, objective: Callable[[], Tensor]) -> float:
    own = torch.autograd.grad(objective(), list(model.parameters()), retain_graph=True)
    return float(torch.cat([g.flatten() for g in own]).norm())
