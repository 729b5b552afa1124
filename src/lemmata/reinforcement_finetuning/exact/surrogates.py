"""What PPO and GRPO ascend instead of V, in expectation: their gradients without sampling.

One output is right (+1, probability p), all others are wrong (-1): then every advantage that
depends on a group's rewards alone gives a multiple of grad V = 2 grad p, and the multiple is a sum
over a binomial count [derived].
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom
from torch import Tensor

from lemmata.reinforcement_finetuning.exact.enumeration import output_log_probabilities, written
from lemmata.reinforcement_finetuning.exact.gradients import centred
from lemmata.reinforcement_finetuning.objectives import group_advantage, ppo_loss

Floats = NDArray[np.float64]


def group_factor(p: ArrayLike, outputs: int, floor: float, *, normalise: bool = True) -> Floats:
    """E[2 f (1 - f) / (std + floor)] / (2 p (1 - p)), f the share of right outputs in a group.

    What a group of `outputs` samples with GRPO's advantage multiplies grad V by; without
    `normalise` std + floor is 1 and the factor (G - 1) / G. p: any shape in (0, 1) -> the same.

    With n = G f right outputs the advantages are 2 (1 - f) / std and -2 f / std, std =
    2 sqrt(f (1 - f)); the mean scores m1 and m0 of right and wrong outputs obey p m1 + (1 - p) m0
    = 0 and grad V = 2 p m1, so f A1 m1 + (1 - f) A0 m0 = 2 f (1 - f) / std m1 / (1 - p).
    """
    probability = np.asarray(p, dtype=np.float64)
    count = np.arange(outputs + 1)
    share = count / outputs
    spread = 2.0 * np.sqrt(share * (1.0 - share))  # (G + 1,), 0 at both ends, as is the gain
    scale = np.where(spread > 0.0, spread + floor, 1.0) if normalise else 1.0
    gain = 2.0 * share * (1.0 - share) / scale
    weights = binom.pmf(count, outputs, probability[..., None])  # (..., G + 1)
    found: Floats = (weights * gain).sum(axis=-1) / (2.0 * probability * (1.0 - probability))
    return found


def group_factor_limit(outputs: int) -> float:
    """`group_factor` for p -> 0 without a floor: sqrt(G - 1) / 2.

    A group has one right output or none, so the gradient is a constant times that of V: it vanishes
    as before.
    """
    return float(np.sqrt(outputs - 1.0) / 2.0)


def population_factor(p: ArrayLike, floor: float) -> Floats:
    """1 / (STD + floor), STD = 2 sqrt(p (1 - p)): the factor of a group without end."""
    probability = np.asarray(p, dtype=np.float64)
    found: Floats = 1.0 / (2.0 * np.sqrt(probability * (1.0 - probability)) + floor)
    return found


def group_gradient(logits: Tensor, reward: Tensor, outputs: int, floor: float) -> Tensor:
    """Expected GRPO gradient at the logits of one token, over all K^G groups. (K,), (K,) -> (K,).

    Any rewards, but only a few tokens and a small group.
    """
    group = written(len(logits), outputs)  # (K^G, G)
    log_p = torch.log_softmax(logits, dim=0)
    weight = log_p[group].sum(dim=1).exp()  # (K^G,)
    advantage = group_advantage(reward[group], floor=floor) / outputs  # (K^G, G)
    score = torch.eye(len(logits), dtype=logits.dtype)[group] - log_p.exp()  # (K^G, G, K)
    return torch.einsum("s,sg,sgk->k", weight, advantage, score)


def ppo_gradient(logits: Tensor, old: Tensor, reward: Tensor, length: int, clip: float) -> Tensor:
    """Gradient of E_old[min(rho A, clamp(rho) A)] with respect to the logits at every prefix.

    A = r - V_old, rho = p / p_old of whole outputs. logits, old: (N, P, K); reward: (N, K^L) ->
    (N, P, K). At logits = old it is the gradient of V.
    """
    z = logits.detach().requires_grad_()
    log_p = output_log_probabilities(z, length)
    old_log_p = output_log_probabilities(old, length)
    p_old = old_log_p.exp()
    less = centred(old_log_p, reward)
    advantage = less - (p_old * less).sum(dim=-1, keepdim=True)
    # min(rho A, ...) scales with A, so weights p_old on A make the mean over samples exact.
    loss = ppo_loss(log_p, old_log_p, p_old * advantage, clip) * log_p.numel()
    (gradient,) = torch.autograd.grad(-loss, z)
    return gradient


def ppo_spread(logits: Tensor, old: Tensor, reward: Tensor, length: int) -> Tensor:
    """sqrt(Var_p r + (V - V_old)^2), which times sqrt(L / 2) gamma bounds PPO's gradient. (N,)

    The clipped surrogate's gradient is that of E_p[w] for w = A where the ratio is not clipped and
    0 where it is, so the sharper bound holds with STD_p(w) <= sqrt(E_p A^2) [derived]. Clipping
    only takes away: it lifts no vanishing gradient.
    """
    log_p, old_log_p = (output_log_probabilities(z, length) for z in (logits, old))
    less = centred(old_log_p, reward)
    advantage = less - (old_log_p.exp() * less).sum(dim=-1, keepdim=True)
    return (log_p.exp() * advantage.square()).sum(dim=-1).sqrt()
