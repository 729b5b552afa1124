"""Small networks as policies: an input in, the logits at every prefix out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from lemmata.reinforcement_finetuning.exact.enumeration import written

INPUT: Final = 8
"""Numbers in an input of the linear policy and of the MLP."""
HIDDEN: Final = (16, 16)
PROMPTS: Final = 8
"""Prompts of the transformer, a token each."""


class OneToken(nn.Module):
    """A network of one vector as a policy of one token: its logits are those of the only prefix."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Logits (1, K) of one input x (D,)."""
        logits: Tensor = self.body(x[None])
        return logits


class SmallTransformer(nn.Module):
    """A causal transformer with one block that writes `length` tokens after a prompt of one.

    Pre-norm, learned positions, attention written out so that it can be mapped over policies.
    """

    def __init__(self, tokens: int, length: int, width: int = 16, heads: int = 2) -> None:
        super().__init__()
        self.tokens, self.length, self.heads = tokens, length, heads
        self.prompt = nn.Embedding(PROMPTS, width)
        self.token = nn.Embedding(tokens, width)
        self.position = nn.Parameter(torch.zeros(length, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.mix = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.head = nn.Linear(width, tokens)

    def forward(self, prompt: Tensor) -> Tensor:
        """Logits (P, K) at every prefix after the prompt of this number ()."""
        before = written(self.tokens, self.length - 1)  # (K^(L-1), L - 1)
        begin = self.prompt(prompt).expand(len(before), 1, -1)
        x = torch.cat([begin, self.token.weight[before]], dim=1) + self.position  # (S, L, D)
        x = x + self._attend(self.norms[0](x))
        x = x + self.down(torch.nn.functional.gelu(self.up(self.norms[1](x))))
        logits = self.head(self.norms[2](x))  # (S, L, K)
        # A prefix of l tokens is the same in all sequences that begin with it: the first tells.
        apart = [self.tokens ** (self.length - 1 - level) for level in range(self.length)]
        return torch.cat([logits[::step, level] for level, step in enumerate(apart)])

    def _attend(self, x: Tensor) -> Tensor:
        length, width = x.shape[1:]
        split = self.mix(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, k, v = split[0], split[1], split[2]  # (S, H, L, D / H)
        scores = q @ k.mT / math.sqrt(width / self.heads)
        hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(hidden, -torch.inf).softmax(dim=-1)
        joined: Tensor = self.out((weights @ v).transpose(1, 2).flatten(2))
        return joined


def linear(tokens: int) -> nn.Module:
    """Logits W x, without a bias: gamma = |x|."""
    return OneToken(nn.Linear(INPUT, tokens, bias=False)).double()


def mlp(tokens: int) -> nn.Module:
    """Two hidden layers with ReLU."""
    first, second = HIDDEN
    layers = (nn.Linear(INPUT, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU())
    return OneToken(nn.Sequential(*layers, nn.Linear(second, tokens))).double()


def transformer(tokens: int, length: int) -> nn.Module:
    """The causal transformer."""
    return SmallTransformer(tokens, length).double()


def drawn_parameters(
    model: nn.Module, scales: Tensor, generator: torch.Generator
) -> dict[str, Tensor]:
    """Parameters of N random policies by name, (N, ...) each: normal, variance 1 / fan-in.

    scales: (N,) by which the last layer of each is multiplied, from nearly uniform policies to
    nearly deterministic ones. Gains of norms are 1.
    """
    shapes = {name: value.shape for name, value in model.named_parameters()}
    last = list(shapes)[-1].rpartition(".")[0]
    found = {}
    for name, shape in shapes.items():
        own = torch.randn(len(scales), *shape, dtype=torch.float64, generator=generator)
        own /= math.sqrt(shape[-1])
        if name.startswith("norms") and name.endswith("weight"):
            own = torch.ones_like(own)
        if name.startswith(last):
            own *= scales.view(-1, *[1] * len(shape))
        found[name] = own
    return found


Build = Callable[[int], nn.Module]
ONE_TOKEN: Final[Mapping[str, Build]] = {"linear": linear, "mlp": mlp}
TOKENS: Final[Sequence[int]] = (2, 3, 10, 50)
"""How many outputs policies of one token have."""
