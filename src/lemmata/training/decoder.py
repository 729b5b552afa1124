"""A GPT-2 style decoder: pre-norm, GELU, learned absolute, rotary or no positions, KV cache.

Absolute positions may start at an offset, drawn for each training row, so that every row of the
table is trained (arXiv 2410.02140). NoPE has no positions at all: causality alone tells order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lemmata.errors import LemmataError

Positions = Literal["ape", "nope", "rope"]
MLP_RATIO = 4
ROTARY_BASE = 10_000.0


@dataclass(frozen=True)
class Architecture:
    """layers, heads, width of the decoder; positions; table: rows of the position table, which is
    also the longest row of tokens; init_std: of all matrices and embeddings.
    """

    layers: int
    heads: int
    width: int
    positions: Positions
    table: int
    init_std: float

    def __post_init__(self) -> None:
        """Refuse what makes no decoder, in one line."""
        if self.width % self.heads:
            raise LemmataError(f"width = {self.width}: must be a multiple of heads = {self.heads}")
        if self.positions == "rope" and self.width // self.heads % 2:
            raise LemmataError(f"width = {self.width}: rotary heads need an even width")


@dataclass
class Cache:
    """Keys and values of the tokens so far: one pair (B, H, T, D/H) a layer."""

    layers: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    @property
    def length(self) -> int:
        """How many tokens it holds."""
        return self.layers[0][0].shape[2] if self.layers else 0

    def rows(self, index: Tensor) -> Cache:
        """The rows at `index` (R,), which may repeat: keys and values (R, H, T, D/H)."""
        return Cache([(_rows(keys, index), _rows(values, index)) for keys, values in self.layers])


def _rows(held: Tensor, index: Tensor) -> Tensor:
    """Rows of (B, ...) at index (R,), as an embedding: its gradient adds in a fixed order."""
    found = functional.embedding(index, held.flatten(1))  # (R, ...)
    return found.view(len(index), *held.shape[1:])


class Decoder(nn.Module):
    """Tokens to scores of what follows (`vocabulary`), or of `classes` labels at each position.

    Embeddings and output share their matrix where classes is None. Weights come from `generator`.
    """

    def __init__(
        self,
        vocabulary: int,
        architecture: Architecture,
        generator: torch.Generator,
        classes: int | None = None,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        width = architecture.width
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = (
            nn.Embedding(architecture.table, width) if architecture.positions == "ape" else None
        )
        self.blocks = nn.ModuleList(Block(architecture) for _ in range(architecture.layers))
        self.norm = nn.LayerNorm(width)
        self.classifier = None if classes is None else nn.Linear(width, classes, bias=False)
        _initialise(self, generator)

    def forward(
        self,
        tokens: Tensor,
        offsets: Tensor | None = None,
        cache: Cache | None = None,
        last: int | None = None,
    ) -> Tensor:
        """Final hidden states (B, T, D) of tokens (B, T); `scores` makes scores of them.

        offsets: (B,) position of each row's first token, 0 where None. cache: filled in place with
        the new tokens, which continue those that it holds. last: of how many last tokens states are
        wanted, (B, last, D), all where None; the last block computes no others. Raises LemmataError
        for tokens beyond the vocabulary or the position table.
        """
        places = self._places(tokens, offsets, cache)  # (B, T) or (1, T)
        x = self.token_embedding(tokens)  # (B, T, D)
        if self.position_embedding is not None:
            x = x + self.position_embedding(places)
        before = list(cache.layers) if cache is not None else []
        for number, block in enumerate(self.blocks):
            wanted = last if number + 1 == len(self.blocks) else None
            x, held = block(x, places, before[number] if before else None, wanted)
            if cache is not None:
                cache.layers[number : number + 1] = [held]
        hidden: Tensor = self.norm(x)
        return hidden

    def scores(self, hidden: Tensor) -> Tensor:
        """Scores (..., vocabulary or classes) of hidden states (..., D)."""
        last = self.token_embedding if self.classifier is None else self.classifier
        return functional.linear(hidden, last.weight)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.token_embedding.weight.device

    def _places(self, tokens: Tensor, offsets: Tensor | None, cache: Cache | None) -> Tensor:
        begin = cache.length if cache is not None else 0
        places = torch.arange(begin, begin + tokens.shape[1], device=tokens.device)[None, :]
        last = begin + tokens.shape[1]
        if offsets is not None:
            places = places + offsets[:, None]
            last += int(offsets.max())
        if last > self.architecture.table:
            raise LemmataError(
                f"a row of tokens reaches position {last}; the position table has"
                f" {self.architecture.table}"
            )
        vocabulary = self.token_embedding.num_embeddings
        if tokens.device.type == "cpu" and tokens.numel() and int(tokens.max()) >= vocabulary:
            raise LemmataError(
                f"unknown token {int(tokens.max())}: the vocabulary has {vocabulary}"
            )
        return places


class Block(nn.Module):
    """Attention and MLP, each on normed input, each added to what came in."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.width
        self.heads = architecture.heads
        self.rotary = architecture.positions == "rope"
        self.norm_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, MLP_RATIO * width)
        self.mlp_out = nn.Linear(MLP_RATIO * width, width)

    def forward(
        self,
        x: Tensor,
        places: Tensor,
        held: tuple[Tensor, Tensor] | None,
        last: int | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """New states (B, T, D), and the keys and values (B, H, T, D/H) of all tokens so far.

        last: of how many last tokens states are wanted, all where None.
        """
        batch, length, width = x.shape
        fused = self.query_key_value(self.norm_attention(x))  # (B, T, 3 D)
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2)  # (B, H, T, D/H)
            for part in fused.split(width, dim=2)
        )
        if self.rotary:
            q, k = _rotated(q, places), _rotated(k, places)
        if held is not None:
            k, v = torch.cat([held[0], k], dim=2), torch.cat([held[1], v], dim=2)
        if last is not None:
            q, x, length = q[:, :, -last:], x[:, -last:], min(last, length)
        mask, total = None, k.shape[2]
        if 1 < length < total:
            mask = torch.ones(length, total, dtype=torch.bool, device=x.device).tril(total - length)
        attended = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=length == total
        )  # (B, H, T, D/H)
        x = x + self.attention_out(attended.transpose(1, 2).reshape(batch, length, width))
        inner = functional.gelu(self.mlp_in(self.norm_mlp(x)), approximate="tanh")
        return x + self.mlp_out(inner), (k, v)


def _rotated(x: Tensor, places: Tensor) -> Tensor:
    """Rotary embedding (arXiv 2104.09864) of x (B, H, T, D/H) at places (B or 1, T)."""
    half = x.shape[-1] // 2
    rates = ROTARY_BASE ** (-torch.arange(half, device=x.device) / half)
    angles = places[:, None, :, None] * rates  # (B or 1, 1, T, D/2H)
    cos, sin = angles.cos(), angles.sin()
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


def _initialise(model: Decoder, generator: torch.Generator) -> None:
    std = model.architecture.init_std
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2:  # norms start at one, biases at zero
            nn.init.constant_(parameter, 1.0 if "norm" in name and name.endswith("weight") else 0.0)
            continue
        out = name.endswith(("attention_out.weight", "mlp_out.weight"))
        scale = std / math.sqrt(2 * model.architecture.layers) if out else std
        nn.init.normal_(parameter, 0.0, scale, generator=generator)
