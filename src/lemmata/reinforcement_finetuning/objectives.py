"""What reinforcement finetuning ascends: expected reward, its surrogates, advantages, entropy.

B inputs, K outputs that can be enumerated, G outputs sampled for one input. Everything keeps the
precision of its arguments: near-deterministic policies need float64, where float32 leaves a noise
of 1e-7 in gradients that are smaller.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from lemmata.errors import LemmataError

GROUP_FLOOR: Final = 1e-4
"""Added to a group's standard deviation: a group of equal rewards has an advantage of 0."""


def check_reward(reward: Tensor, name: str = "reward") -> Tensor:
    """`reward` itself, any shape; raises LemmataError when a value is not finite."""
    bad = ~torch.isfinite(reward)
    if bool(bad.any()):
        first = tuple(int(i) for i in bad.nonzero()[0])
        found = f"{int(bad.sum())} of {reward.numel()} values are not finite"
        raise LemmataError(f"{name}: {found}, first {float(reward[first])} at {list(first)}")
    return reward


def expected_reward(logits: Tensor, reward: Tensor) -> Tensor:
    """V = E_{y ~ softmax(logits)}[r(y)] of each input. logits, reward: (B, K) -> (B,)."""
    return (torch.softmax(logits, dim=-1) * reward).sum(dim=-1)


def reward_std(probabilities: Tensor, reward: Tensor) -> Tensor:
    """STD_{y ~ p}[r(y)] of each input, centred before it is squared. Both (B, K) -> (B,)."""
    mean = (probabilities * reward).sum(dim=-1, keepdim=True)  # (B, 1)
    return (probabilities * (reward - mean).square()).sum(dim=-1).sqrt()


def entropy(log_probabilities: Tensor) -> Tensor:
    """-sum p log p of each input, in nats; an impossible output counts 0. (B, K) -> (B,)."""
    finite = log_probabilities.clamp_min(-1e4)  # 0 times -inf is not a number
    return -(log_probabilities.exp() * finite).sum(dim=-1)


def reinforce_loss(log_prob: Tensor, advantage: Tensor) -> Tensor:
    """-mean of A log p: its gradient is minus the policy gradient's estimate.

    log_prob of the sampled outputs and their advantage, which gets no gradient: (B,) -> ().
    Source: Williams, "Simple statistical gradient-following algorithms", 1992.
    """
    return -(advantage.detach() * log_prob).mean()


def ppo_loss(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """-mean of min(rho A, clamp(rho, 1 - clip, 1 + clip) A), rho = p / p_old.

    Of the sampled outputs, one value each; p_old and A get no gradient: (B,) -> ().
    Source: Schulman et al., "Proximal policy optimization algorithms", 2017, eq. 7.
    """
    ratio = (log_prob - old_log_prob.detach()).exp()
    a = advantage.detach()
    return -torch.minimum(ratio * a, ratio.clamp(1.0 - clip, 1.0 + clip) * a).mean()


def group_advantage(reward: Tensor, normalise: bool = True, floor: float = GROUP_FLOOR) -> Tensor:
    """(r - mean) / (std + floor) in each group of outputs of one input. (B, G) -> (B, G).

    Without `normalise` the mean is subtracted alone. std: the population's, over the group.
    Source: GRPO, Shao et al., "DeepSeekMath", 2024, section 4.1.2. The floor is not in that text;
    implementations have one of this size.
    """
    centred = reward - reward.mean(dim=-1, keepdim=True)
    if not normalise:
        return centred
    return centred / (centred.square().mean(dim=-1, keepdim=True).sqrt() + floor)


def leave_one_out_advantage(reward: Tensor) -> Tensor:
    """r minus the mean of the other outputs of its input. (B, G) with G >= 2 -> (B, G)."""
    outputs = reward.shape[-1]
    if outputs < 2:
        raise LemmataError(f"leave_one_out_advantage: groups of {outputs}; needs 2 or more")
    return group_advantage(reward, normalise=False) * (outputs / (outputs - 1))
