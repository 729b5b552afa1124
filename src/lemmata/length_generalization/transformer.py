"""What is asked of decoders trained on short strings: greedy answers, a positional penalty."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lemmata.errors import LemmataError
from lemmata.training.decoder import Cache, Decoder


def positional_penalty(model: Decoder) -> Tensor:
    """The positional part of the regularizer R(T) of arXiv 2410.02140, as its code has it.

    Sum over layers and heads of the mean over keys j of the sum over queries i >= j of M_ij^2 with
    M = (P W_q)(P W_k)^T: no bias, no layer norm, no 1 / sqrt(d) [official code]. A scalar; raises
    LemmataError for a model without learned positions.
    """
    if model.position_embedding is None:
        raise LemmataError("the positional penalty needs learned positions (positions = 'ape')")
    table = model.position_embedding.weight  # (N, D)
    total = table.new_zeros(())
    for block in model.blocks:
        weight = block.get_submodule("query_key_value").get_parameter("weight")  # (3 D, D)
        both = functional.linear(table, weight[: 2 * table.shape[1]])  # (N, 2 D)
        q, k = both.view(len(table), 2, model.architecture.heads, -1).unbind(1)
        products = torch.einsum("ihd,jhd->hij", q, k).tril()  # (H, N, N)
        total = total + products.square().sum() / len(table)
    return total


@torch.no_grad()
def generate(model: Decoder, prompts: Tensor, steps: int, end: int) -> tuple[Tensor, Tensor]:
    """Greedy continuation of prompts (B, P), all of one length, by `steps` tokens at most.

    Returns the tokens (B, steps), `end` behind the first `end`, and the log probability (B,) of
    each row's continuation up to its first `end`, float64.
    """
    cache = Cache()
    hidden = model(prompts, cache=cache, last=1)
    done = torch.zeros(len(prompts), dtype=torch.bool, device=prompts.device)
    confidence = torch.zeros(len(prompts), dtype=torch.float64, device=prompts.device)
    said = []
    for step in range(steps):
        scores = model.scores(hidden[:, -1]).double().log_softmax(dim=1)  # (B, V)
        best, chosen = scores.max(dim=1)
        confidence += torch.where(done, 0.0, best)
        chosen = torch.where(done, end, chosen)
        said.append(chosen)
        done |= chosen == end
        if step + 1 == steps or bool(done.all()):
            break
        hidden = model(chosen[:, None], cache=cache)
    tokens = functional.pad(torch.stack(said, dim=1), (0, steps - len(said)), value=end)
    return tokens, confidence
