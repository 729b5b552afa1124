"""Stratified splits that depend on labels and seed alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator, Philox, SeedSequence
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.tables import SPLITS


def assign_splits(
    y: NDArray[np.integer], seed: int, fractions: Mapping[str, float]
) -> NDArray[np.str_]:
    """Split of every row, stratified by class: (N,) labels -> (N,) "train", "validation", "test".

    fractions: one share for each of the three splits, together 1. Invariants: a class of n rows
    gives each split floor(n f) or ceil(n f) of them (largest remainder, ties to the earlier split);
    row i draws its place among the rows of its class from word i of a Philox stream of the seed, so
    the result is a pure function of (y, seed, fractions), and the rows of one class do not move
    when rows of other classes change their labels among these. Raises LemmataError for other
    shares.
    """
    shares = _shares(fractions)  # (3,)
    labels, y_index = np.unique(y, return_inverse=True)  # (K,), (N,)
    sizes = np.bincount(y_index, minlength=labels.size)  # (K,)
    ends = np.cumsum(_largest_remainder(sizes, shares), axis=1)  # (K, 3)
    # A stream of its own: the same seed elsewhere must not draw the same numbers.
    stream = SeedSequence(seed, spawn_key=tuple(b"split"))
    draws = Generator(Philox(stream)).random(y_index.size)  # (N,)
    order = np.lexsort((draws, y_index))  # (N,) class by class, drawn order inside
    rank = np.empty(y_index.size, dtype=np.int64)  # (N,) place of a row inside its class
    rank[order] = np.arange(y_index.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    number = (rank[:, None] >= ends[y_index, :2]).sum(axis=1)  # (N,) 0, 1 or 2
    return np.asarray(np.array(SPLITS)[number])


def _shares(fractions: Mapping[str, float]) -> NDArray[np.float64]:
    if set(fractions) != set(SPLITS):
        raise LemmataError(f"split: shares for {sorted(fractions)}, needed: {', '.join(SPLITS)}")
    shares = np.array([fractions[split] for split in SPLITS], dtype=np.float64)
    if shares.min() < 0.0 or not abs(shares.sum() - 1.0) < 1e-9:
        raise LemmataError(f"split: shares {dict(fractions)} must not be negative and sum to 1")
    return shares


def _largest_remainder(
    sizes: NDArray[np.integer], shares: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Whole numbers near sizes x shares whose rows sum to sizes: (K,), (S,) -> (K, S)."""
    # Rounding keeps 0.1 * 30 = 3.0000000000000004 from leaving a remainder.
    quotas = np.round(sizes[:, None] * shares, 9)  # (K, S)
    counts = np.floor(quotas).astype(np.int64)
    missing = sizes - counts.sum(axis=1)  # (K,)
    by_remainder = np.argsort(-(quotas - counts), axis=1, kind="stable")  # (K, S)
    extra = np.argsort(by_remainder, axis=1) < missing[:, None]  # (K, S) rank below missing
    return np.asarray(counts + extra)
