"""What is descended on a batch of inputs: objectives of RFT and of SFT, all outputs known."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from lemmata.reinforcement_finetuning.objectives import (
    GROUP_FLOOR,
    entropy,
    expected_reward,
    group_advantage,
    reinforce_loss,
    reward_std,
)

Method = Literal["rft", "normalised", "reinforce", "grpo", "sft"]
"""Exact expected reward; that over its standard deviation, GRPO's limit of many samples; one
sample and no baseline; groups of samples; cross entropy with the right label."""


def pretraining_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Mean of -log p over each input's label set. (B, K), (B, K) of bool -> ()."""
    own = allowed.to(logits.dtype)
    log_p = torch.log_softmax(logits, dim=1)
    return -((own * log_p).sum(dim=1) / own.sum(dim=1)).mean()


def finetuning_loss(
    method: Method,
    logits: Tensor,
    reward: Tensor,
    labels: Tensor,
    entropy_bonus: float,
    samples: int,
) -> Tensor:
    """The loss of one batch, less the entropy bonus. (B, K), (B, K), (B,) -> ().

    Samples are drawn by torch's global generator; samples: of each input, for grpo.
    """
    loss = _loss(method, logits, reward, labels, samples)
    if entropy_bonus == 0.0:
        return loss
    return loss - entropy_bonus * entropy(torch.log_softmax(logits, dim=1)).mean()


def _loss(method: Method, logits: Tensor, reward: Tensor, labels: Tensor, samples: int) -> Tensor:
    match method:
        case "sft":
            return functional.cross_entropy(logits, labels)
        case "rft" | "normalised":
            # A constant off every reward of an input changes no gradient, but where nearly all
            # outputs have one reward float32 would lose what the others contribute.
            less = reward - reward.amin(dim=1, keepdim=True)
            value = expected_reward(logits, less)
            if method == "rft":
                return -value.mean()
            std = reward_std(torch.softmax(logits.detach(), dim=1), less)
            return -(value / (std + GROUP_FLOOR)).mean()
        case "reinforce" | "grpo":
            log_p = torch.log_softmax(logits, dim=1)
            count = 1 if method == "reinforce" else samples
            drawn = sampled(log_p.detach(), count)  # (B, G)
            got = reward.gather(1, drawn)
            advantage = got if method == "reinforce" else group_advantage(got)
            return reinforce_loss(log_p.gather(1, drawn).flatten(), advantage.flatten())


def sampled(log_p: Tensor, count: int) -> Tensor:
    """`count` independent outputs of each input, by torch's global generator. (B, K) -> (B, G).

    The output of the first of K exponential clocks with rates p: torch.multinomial adds up in no
    fixed order on a GPU.
    """
    inputs, outputs = log_p.shape
    clocks = torch.empty(inputs, count, outputs, dtype=log_p.dtype, device=log_p.device)
    return (log_p[:, None] - clocks.exponential_().log()).argmax(dim=-1)
