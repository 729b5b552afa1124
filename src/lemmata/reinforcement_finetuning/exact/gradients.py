"""The expected policy gradient of one input, exactly, with what bounds it.

V = sum over outputs of p(y) r(y) and its gradient take every output into account; gamma is the
largest spectral norm, over all prefixes, of the Jacobian of the logits with respect to all
parameters (arXiv 2310.20703). All in float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from lemmata.reinforcement_finetuning.exact.enumeration import output_log_probabilities
from lemmata.reinforcement_finetuning.objectives import check_reward, reward_std

Parameters = Mapping[str, Tensor]
CHUNK = 16  # Jacobians in memory at a time


class Exact(NamedTuple):
    """Of N policies or inputs, (N,) each: mean reward, its standard deviation, norm of the gradient
    of V with respect to all parameters, gamma.
    """

    value: Tensor
    std: Tensor
    gradient_norm: Tensor
    gamma: Tensor


def centred(log_probabilities: Tensor, reward: Tensor) -> Tensor:
    """Rewards less that of the most likely output. (..., Y) -> (..., Y).

    No gradient changes, and r - V keeps its digits where nearly all outputs have one reward:
    1 - (1 - 1e-20) is 0 in float64, but 1e-20 is not.
    """
    best = log_probabilities.argmax(dim=-1, keepdim=True)
    return reward - reward.gather(-1, best)


def value_gradient(logits: Tensor, reward: Tensor, length: int) -> Tensor:
    """Gradient of V with respect to the logits at every prefix, (..., P, K).

    logits: (..., P, K); reward: (..., K^L). For L = 1 it is p (r - V).
    """
    z = logits.detach().requires_grad_()
    log_p = output_log_probabilities(z, length)
    value = (log_p.exp() * centred(log_p.detach(), reward)).sum()
    (gradient,) = torch.autograd.grad(value, z)
    return gradient


def tabular(logits: Tensor, reward: Tensor, length: int) -> Exact:
    """Policies whose parameters are the logits at every prefix, so that gamma = 1.

    logits: (N, P, K); reward: (N, K^L).
    """
    value, std = _moments(logits, reward, length)
    norm = value_gradient(logits, reward, length).flatten(1).norm(dim=1)
    return Exact(value, std, norm, torch.ones_like(norm))


def networks(
    model: nn.Module, parameters: Parameters, inputs: Tensor, reward: Tensor, length: int
) -> Exact:
    """N policies of one architecture, each at one input.

    model: input -> logits (P, K) at every prefix; parameters: by name, (N, ...) each; inputs:
    (N, ...); reward: (N, K^L).
    """
    parts = [
        _chunk(model, {k: v[at] for k, v in parameters.items()}, inputs[at], reward[at], length, 0)
        for at in torch.split(torch.arange(len(inputs)), CHUNK)
    ]
    return Exact(*(torch.cat(field) for field in zip(*parts, strict=True)))


def network(model: nn.Module, inputs: Tensor, reward: Tensor, length: int) -> Exact:
    """One policy, with the parameters that it has, at N inputs."""
    own = {name: value.detach() for name, value in model.named_parameters()}
    parts = [
        _chunk(model, own, inputs[at], reward[at], length, None)
        for at in torch.split(torch.arange(len(inputs)), CHUNK)
    ]
    return Exact(*(torch.cat(field) for field in zip(*parts, strict=True)))


def log_probabilities(
    model: nn.Module, parameters: Parameters, inputs: Tensor, length: int
) -> Tensor:
    """log p of every output of N policies, each at one input: (N, K^L)."""
    logits = vmap(lambda own, x: functional_call(model, own, (x,)))(dict(parameters), inputs)
    return output_log_probabilities(logits, length).detach()


def _chunk(
    model: nn.Module,
    parameters: Parameters,
    inputs: Tensor,
    reward: Tensor,
    length: int,
    axis: int | None,
) -> Exact:
    """axis: that of the policies in each parameter, None for one policy."""

    def logits(own: Parameters, x: Tensor) -> tuple[Tensor, Tensor]:
        said = functional_call(model, dict(own), (x,))
        return said, said

    jacobian, said = vmap(jacrev(logits, has_aux=True), in_dims=(axis, 0))(dict(parameters), inputs)
    flat = torch.cat([part.flatten(3) for part in jacobian.values()], dim=3)  # (n, P, K, D)
    value, std = _moments(said, reward, length)
    at_logits = value_gradient(said, reward, length)  # (n, P, K)
    gradient = torch.einsum("npk,npkd->nd", at_logits, flat)
    gram = flat @ flat.mT  # (n, P, K, K), whose largest eigenvalue is the norm squared
    gamma = torch.linalg.eigvalsh(gram)[..., -1].amax(dim=1).clamp_min(0.0).sqrt()
    return Exact(value, std, gradient.norm(dim=1), gamma)


def _moments(logits: Tensor, reward: Tensor, length: int) -> tuple[Tensor, Tensor]:
    check_reward(reward)
    log_p = output_log_probabilities(logits, length)
    less = centred(log_p, reward)
    return (log_p.exp() * reward).sum(dim=-1), reward_std(log_p.exp(), less)
