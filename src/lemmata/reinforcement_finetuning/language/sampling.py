"""Answers of a decoder: sampled with a KV cache, greedy, and their log probabilities.

The states of a prompt are computed once and shared by all of its answers, in sampling and in the
loss alike: with answers shorter than prompts that is most of the work.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.training.decoder import Cache, Decoder


class Answers(NamedTuple):
    """tokens (N, G, L) int64; log_p (N, G, L, V), of every token where each was drawn."""

    tokens: Tensor
    log_p: Tensor


def sample(
    model: Decoder,
    prompts: Tensor,
    count: int,
    length: int,
    generator: torch.Generator,
    temperature: float = 1.0,
) -> Answers:
    """`count` answers of `length` tokens to each of the prompts (N, P).

    Drawn from softmax(scores / temperature) by exponential waits, one a token that might be said,
    so the same waits give the same answers with a cache or without. generator: on the CPU. log_p
    has a gradient, so that the first update from these answers needs no second forward pass.
    """
    cache = Cache()
    hidden = model(prompts, cache=cache, last=1)[:, -1].repeat_interleave(count, dim=0)  # (N G, D)
    cache = cache.repeated(count)
    tokens, log_probs = [], []
    for step in range(length):
        log_p = torch.log_softmax(model.scores(hidden).float() / temperature, dim=-1)  # (N G, V)
        waits = torch.empty(log_p.shape).exponential_(generator=generator)
        chosen = race(log_p.detach(), waits.to(log_p.device))[:, None]  # (N G, 1)
        tokens.append(chosen)
        log_probs.append(log_p)
        if step + 1 < length:
            hidden = model(chosen, cache=cache)[:, -1]
    shape = (len(prompts), count, length)
    return Answers(
        torch.cat(tokens, dim=1).view(shape), torch.stack(log_probs, dim=1).view(*shape, -1)
    )


def race(log_p: Tensor, waits: Tensor) -> Tensor:
    """The token of each row that arrives first: its exponential wait over p is the shortest.

    That is a draw from p. log_p, waits: (B, V) -> (B,). No sum over tokens, whose order a GPU does
    not keep.
    """
    return (log_p - waits.log()).argmax(dim=-1)


def log_probabilities(
    model: Decoder, prompts: Tensor, answers: Tensor, temperature: float = 1.0
) -> Tensor:
    """Log probabilities (N, G, L, V) of every token at every place of answers (N, G, L)."""
    count, length = answers.shape[1:]
    cache = Cache()
    hidden = model(prompts, cache=cache, last=1).repeat_interleave(count, dim=0)  # (N G, 1, D)
    if length > 1:
        said = answers.flatten(0, 1)[:, :-1]  # (N G, L - 1)
        hidden = torch.cat([hidden, model(said, cache=cache.repeated(count))], dim=1)
    scores = model.scores(hidden).float() if hidden.dtype != torch.float64 else model.scores(hidden)
    return torch.log_softmax(scores / temperature, dim=-1).view(*answers.shape, -1)


def of_tokens(log_p: Tensor, answers: Tensor) -> Tensor:
    """The log probability (N, G, L) of each token said, from those (N, G, L, V) of all."""
    return log_p.gather(-1, answers[..., None])[..., 0]


@torch.no_grad()
def answer_log_prob(model: Decoder, prompts: Tensor, answers: Tensor) -> Tensor:
    """log p (N,), float64, of one answer (N, L) to each prompt."""
    own = answers[:, None]  # (N, 1, L)
    return of_tokens(log_probabilities(model, prompts, own), own)[:, 0].double().sum(dim=-1)


@torch.no_grad()
def greedy(model: Decoder, prompts: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """The answer (N, L) of the likeliest tokens, one by one, and its log probability (N,)."""
    cache = Cache()
    hidden = model(prompts, cache=cache, last=1)[:, -1]
    tokens, total = [], torch.zeros(len(prompts), dtype=torch.float64, device=model.device)
    for step in range(length):
        best, chosen = torch.log_softmax(model.scores(hidden).double(), dim=-1).max(dim=-1)
        tokens.append(chosen)
        total += best
        if step + 1 < length:
            hidden = model(chosen[:, None], cache=cache)[:, -1]
    return torch.stack(tokens, dim=1), total
