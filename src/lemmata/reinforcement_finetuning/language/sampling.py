"""Answers of a decoder: sampled with a KV cache, greedy, and their log probabilities.

What answers to a prompt have in common is computed once, in sampling and in the loss alike: the
states of the prompt, and of all tokens up to where two answers part. The answers that a policy
gives to one prompt are few (of 8 to each of 48 prompts a pretrained one gave 150 different ones, a
finetuned one 55), so that is most of the work.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

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
    hidden = model(prompts, cache=cache, last=1)[:, -1]  # (U, D), of each different beginning
    begun = _prompt_of(prompts, count)  # (N G,), the beginning of each answer
    tokens, log_probs = [], []
    for step in range(length):
        log_p = torch.log_softmax(model.scores(hidden).float() / temperature, dim=-1)  # (U, V)
        log_p = functional.embedding(begun, log_p)  # (N G, V)
        waits = torch.empty(log_p.shape).exponential_(generator=generator)
        chosen = race(log_p.detach(), waits.to(log_p.device))  # (N G,)
        tokens.append(chosen)
        log_probs.append(log_p)
        if step + 1 < length:
            hidden, begun = _continued(model, cache, begun, chosen)
    shape = (len(prompts), count, length)
    return Answers(
        torch.stack(tokens, dim=1).view(shape), torch.stack(log_probs, dim=1).view(*shape, -1)
    )


def _prompt_of(prompts: Tensor, count: int) -> Tensor:
    """The place (N G,) of the prompt of each answer."""
    return torch.arange(len(prompts), device=prompts.device).repeat_interleave(count)


def _continued(
    model: Decoder, cache: Cache, begun: Tensor, chosen: Tensor
) -> tuple[Tensor, Tensor]:
    """States (U, D) of the different beginnings, one token longer, and which (N G,) is whose.

    begun, chosen: (N G,), the beginning of each answer so far, a row of the cache, and its next
    token. The cache is filled in place.
    """
    before, token, own = _longer(model, begun, chosen)
    if len(before) > cache.layers[0][0].shape[0]:  # else each beginning goes on in one way
        cache.layers = cache.rows(before).layers
    return model(token[:, None], cache=cache)[:, -1], own


def _longer(model: Decoder, begun: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The different beginnings (U,) when each answer's (N G,) goes on with the token chosen (N G,).

    What each was before, its last token, and which (N G,) is whose.
    """
    vocabulary = model.token_embedding.num_embeddings
    longer, own = torch.unique(begun * vocabulary + chosen, return_inverse=True)
    return longer // vocabulary, longer % vocabulary, own


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
    cache, asked = Cache(), _prompt_of(prompts, count)
    first = model(prompts, cache=cache, last=1)  # (N, 1, D)
    found = [functional.embedding(asked, _scaled(model, first, temperature).flatten(1))]  # (N G, V)
    if length > 1:
        own, place = asked, torch.arange(len(prompts), device=prompts.device)
        said = place[:, None][:, :0]  # what each different beginning said, (U, 0) at first
        for chosen in answers.flatten(0, 1)[:, :-1].T:
            before, token, own = _longer(model, own, chosen)
            place, said = place[before], torch.column_stack([said[before], token])
        states = model(said, cache=cache.rows(place))  # (U, L - 1, D)
        found.append(functional.embedding(own, _scaled(model, states, temperature).flatten(1)))
    return torch.cat(found, dim=1).view(*answers.shape, -1)


def _scaled(model: Decoder, hidden: Tensor, temperature: float) -> Tensor:
    """Log probabilities (..., V) of what follows hidden states (..., D), float32 or float64."""
    scores = model.scores(hidden).float() if hidden.dtype != torch.float64 else model.scores(hidden)
    return torch.log_softmax(scores / temperature, dim=-1)


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
