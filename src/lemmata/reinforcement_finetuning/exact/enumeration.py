"""All outputs of a policy, in the order in which everything here counts them.

A policy writes L tokens out of K, one after another. Prefixes stand by length, then by their
tokens: for K = 2, L = 2 these are (), (0), (1), and the outputs are (0, 0), (0, 1), (1, 0), (1, 1).
With L = 1 there is one prefix, and an output is a token.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def prefix_count(tokens: int, length: int) -> int:
    """1 + K + ... + K^(L - 1)."""
    return sum(tokens**level for level in range(length))


@lru_cache(maxsize=64)
def paths(tokens: int, length: int) -> tuple[Tensor, Tensor]:
    """Of every output, the prefixes it passes and the tokens it takes there: (Y, L) each."""
    output = torch.arange(tokens**length)[:, None]
    left = torch.tensor([tokens ** (length - 1 - level) for level in range(length)])
    first = torch.tensor([prefix_count(tokens, level) for level in range(length)])
    return first + output // (left * tokens), output // left % tokens


@lru_cache(maxsize=64)
def written(tokens: int, length: int) -> Tensor:
    """Every output as its tokens: (Y, L)."""
    return paths(tokens, length)[1]


def output_log_probabilities(logits: Tensor, length: int) -> Tensor:
    """log p(y) of every output from the logits at every prefix. (..., P, K) -> (..., K^L)."""
    prefix, token = paths(logits.shape[-1], length)
    steps = torch.log_softmax(logits, dim=-1)[..., prefix, token]  # (..., Y, L)
    return steps.sum(dim=-1)
