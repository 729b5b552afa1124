"""Every word, and every question, up to some length: what exhaustive checks run over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from lemmata.length_generalization.vocabulary import FIRST

Ints = NDArray[np.int64]


def all_words(letters: int, longest: int, shortest: int = 1) -> Iterator[Ints]:
    """All words over letters 0, 1, ..., a batch (letters ** n, n) for each length."""
    for n in range(shortest, longest + 1):
        yield np.array(list(product(range(letters), repeat=n)), dtype=np.int64).reshape(-1, n)


def untied(letters: int, longest: int) -> Iterator[Ints]:
    """All words with one most frequent letter, as tokens."""
    for words in all_words(letters, longest):
        counts = np.stack([(words == k).sum(axis=1) for k in range(letters)], axis=1)
        ordered = np.sort(counts, axis=1)
        yield FIRST + words[ordered[:, -1] > ordered[:, -2]]


def distinct(letters: int, longest: int, shortest: int = 1) -> Iterator[Ints]:
    """All words of distinct letters, as tokens."""
    for n in range(shortest, longest + 1):
        rows = list(permutations(range(letters), n))
        yield FIRST + np.array(rows, dtype=np.int64).reshape(len(rows), n)
