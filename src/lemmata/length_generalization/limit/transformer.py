"""Limit transformers: attention over words of any length, logits scaled by log n.

A head's logit for query i and key j <= i is log(n) (x_i^T W x_j + phi(i, j)), where phi is PERIODIC
or LOCAL and n the number of tokens; softmax over j; the values are added to the stream [the paper's
definition as recalled: its text was not at hand]. Float64 throughout, so that what is right is
right by margin and not by luck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.errors import LemmataError

Floats = NDArray[np.float64]
Stream = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Head:
    """content: W (D, D), None for no content term; near: the distance d for which phi is `weight`
    at j = i - d and 0 elsewhere (a local function), None for none; values: (D, D) maps what is
    attended to into the stream.
    """

    content: Floats | None
    near: int | None
    weight: float
    values: Floats


@dataclass(frozen=True)
class LimitTransformer:
    """embedding: (V, D) of each token; layers: heads that run side by side, in order; unembedding:
    (D, V) scores of what follows.
    """

    embedding: Floats
    layers: tuple[tuple[Head, ...], ...]
    unembedding: Floats

    def scores(self, tokens: ArrayLike) -> Floats:
        """Scores (T, V) of what follows each of the tokens (T,). Raises LemmataError for others."""
        row = np.asarray(tokens)
        if row.ndim != 1 or row.size == 0 or not np.issubdtype(row.dtype, np.integer):
            raise LemmataError(
                f"limit transformer: tokens of shape {row.shape}; needs (T,), T >= 1"
            )
        if row.min() < 0 or row.max() >= len(self.embedding):
            allowed = len(self.embedding) - 1
            raise LemmataError(f"limit transformer: unknown token; allowed: 0 to {allowed}")
        x = self.embedding[row]  # (T, D)
        for heads in self.layers:
            x = x + np.sum([_attended(head, x) for head in heads], axis=0)
        found: Floats = x @ self.unembedding
        return found


def _attended(head: Head, x: Floats) -> Floats:
    """What one head adds to the stream (T, D)."""
    length = len(x)
    logits = np.zeros((length, length))
    if head.content is not None:
        logits += x @ head.content @ x.T
    if head.near is not None:
        logits += head.weight * np.eye(length, k=-head.near)
    logits *= np.log(max(length, 2))
    logits[np.triu_indices(length, k=1)] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    shares /= shares.sum(axis=1, keepdims=True)
    found: Floats = shares @ (x @ head.values)
    return found


def binary_majority() -> LimitTransformer:
    """One head without logits: the mean of +1 for a one and -1 for a zero, over BOS x SEP.

    Tokens as in `vocabulary`: the score of ONE is that mean and of ZERO minus it, so at SEP the
    larger is the majority. Right at every length: the mean is at least 1 / (n + 2) from 0.
    """
    signs = np.array([0.0, 0.0, 0.0, -1.0, 1.0])  # BOS, SEP, EOS, ZERO, ONE
    embedding = np.stack([signs, np.zeros(5)], axis=1)  # (V, 2): own sign, mean
    values = np.array([[0.0, 1.0], [0.0, 0.0]])
    unembedding = np.zeros((2, 5))
    unembedding[1, 3:] = [-1.0, 1.0]
    return LimitTransformer(embedding, ((Head(None, None, 0.0, values),),), unembedding)


def unique_copy(symbols: int, sharpness: float = 3.0) -> LimitTransformer:
    """An induction head over `symbols` letters: what came after the letter at hand.

    Layer 1 looks one position back (LOCAL) and notes the token there; layer 2 looks for positions
    whose note is the own token and gives their token. SEP asks for what came after BOS, and is
    given as EOS. With logits sharpness log n all other n positions together get a share of at most
    n^(1 - sharpness).
    """
    tokens = 3 + symbols
    width = 3 * tokens  # own token, the one before it, what follows
    own, before, after = (slice(k * tokens, (k + 1) * tokens) for k in range(3))
    embedding = np.zeros((tokens, width))
    embedding[:, own] = np.eye(tokens)
    look_back = np.zeros((width, width))
    look_back[own, before] = np.eye(tokens)
    match = np.zeros((width, width))
    match[own, before] = sharpness * np.eye(tokens)
    match[1, tokens : 2 * tokens] = 0.0
    match[1, tokens] = sharpness  # SEP asks for what came after BOS,
    match[1, 0] = -sharpness  # but not for BOS, which has only itself to look back at
    give = np.zeros((width, width))
    give[own, after] = np.eye(tokens)
    unembedding = np.zeros((width, tokens))
    unembedding[after] = np.eye(tokens)
    unembedding[2 * tokens + 1] = 0.0
    unembedding[2 * tokens + 1, 2] = 1.0  # SEP follows: the answer ends
    first = Head(None, 1, sharpness, look_back)
    second = Head(match, None, 0.0, give)
    return LimitTransformer(embedding, ((first,), (second,)), unembedding)


def answers(model: LimitTransformer, inputs: Sequence[int] | ArrayLike) -> NDArray[np.int64]:
    """The token with the highest score at each position: (T,)."""
    return np.asarray(model.scores(inputs).argmax(axis=1), dtype=np.int64)
