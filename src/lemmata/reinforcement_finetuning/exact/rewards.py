"""Families of random rewards in [-1, 1] over all outputs, (N, Y)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor

Family = Callable[[Tensor, torch.Generator], Tensor]


def uniform(log_p: Tensor, generator: torch.Generator) -> Tensor:
    """Every output has a reward of its own, uniform in [-1, 1]."""
    return 2.0 * torch.rand(log_p.shape, dtype=log_p.dtype, generator=generator) - 1.0


def one_right(log_p: Tensor, generator: torch.Generator) -> Tensor:
    """One output, drawn uniformly and so mostly a rare one, has +1; all others have -1."""
    count, outputs = log_p.shape
    right = torch.randint(outputs, (count, 1), generator=generator)
    return torch.full_like(log_p, -1.0).scatter(1, right, 1.0)


def likely_alike(log_p: Tensor, generator: torch.Generator) -> Tensor:
    """The likelier half of the outputs has one reward: whatever the entropy, STD can be small."""
    reward = uniform(log_p, generator)
    rank = log_p.argsort(dim=1, descending=True).argsort(dim=1)
    return torch.where(rank < (log_p.shape[1] + 1) // 2, reward[:, :1], reward)


def nearly_equal(log_p: Tensor, generator: torch.Generator) -> Tensor:
    """c + delta u, delta from 1e-6 to 1/2: all outputs matter, little."""
    count = len(log_p)
    c, size = torch.rand(2, count, 1, dtype=log_p.dtype, generator=generator)
    delta = 0.5 * 10.0 ** (-5.7 * size)
    found: Tensor = (c - 0.5) + delta * uniform(log_p, generator)
    return found


FAMILIES: Final[Mapping[str, Family]] = {
    "uniform": uniform,
    "one_right": one_right,
    "likely_alike": likely_alike,
    "nearly_equal": nearly_equal,
}
