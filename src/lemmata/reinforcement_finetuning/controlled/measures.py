"""What a policy does on the two groups of inputs, in float64."""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.reinforcement_finetuning.controlled.groups import GROUPS
from lemmata.reinforcement_finetuning.controlled.task import Task, reward_of
from lemmata.reinforcement_finetuning.objectives import expected_reward, reward_std

AT_A_TIME: Final = 500  # inputs, which bounds memory


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
    less = reward - reward.amin(dim=1, keepdim=True)
    parts, gradients = [], {"rft": torch.zeros(()), "sft": torch.zeros(())}
    for at in torch.split(torch.arange(len(labels)), AT_A_TIME):
        logits = model(inputs[at])  # (b, K)
        objectives = {
            "rft": expected_reward(logits, less[at]).sum() / len(labels),
            "sft": functional.cross_entropy(logits, labels[at], reduction="sum") / len(labels),
        }
        for name, objective in objectives.items():
            gradients[name] = gradients[name].to(objective) + _gradient(model, objective)
        parts.append(logits.detach())
    logits = torch.cat(parts)
    p = torch.softmax(logits, dim=1)
    norms = {f"{name}_gradient": float(found.norm()) for name, found in gradients.items()}
    return {
        "reward": float((p * reward).sum(dim=1).mean()),
        "std": float(reward_std(p, less).mean()),
        "accuracy": float((logits.argmax(dim=1) == labels).double().mean()),
        "median_p": float(p.gather(1, labels[:, None]).median()),
        **norms,
        **{f"{name}_relative": norm / weights for name, norm in norms.items()},
    }


def _gradient(model: nn.Module, objective: Tensor) -> Tensor:
    """With respect to all parameters, (D,)."""
    own = torch.autograd.grad(objective, list(model.parameters()), retain_graph=True)
    return torch.cat([g.flatten() for g in own])
