"""Randomness as a function of (seed, name, step), so that any step can be computed on its own.

Nothing here has a state to save: a run resumed at step t draws what an undisturbed run draws.
Steps count updates from 1. The generator is Philox, a keyed function of a counter (Salmon et al.,
"Parallel random numbers: as easy as 1, 2, 3", SC 2011): the key says whose bits they are, the
counter says when.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def stream(seed: int, name: str, step: int = 0) -> np.random.Generator:
    """The generator of one purpose (`name`) at one step.

    Steps of one stream start 2^192 blocks apart in the counter and so never meet; another seed or
    name has another key.
    """
    key = int.from_bytes(_digest(seed, name)[:16], "little")
    counter = np.array([0, 0, 0, step], dtype=np.uint64)  # least significant word first
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def torch_seed(seed: int, name: str, step: int = 0) -> int:
    """A 32-bit seed for torch; no two steps of one stream share one.

    32 bits because torch's CPU generator drops the upper half of a 64-bit seed, so that hashing the
    step as well would give two of 10^5 steps the same bits more often than not.
    """
    base = int.from_bytes(_digest(seed, name)[:4], "little")
    return (base + step) % 2**32


def torch_generator(
    seed: int, name: str, step: int = 0, device: torch.device | str = "cpu"
) -> torch.Generator:
    """A torch generator on `device` for one purpose at one step, seeded by `torch_seed`."""
    import torch  # here: most jobs that draw from `stream` need no torch, which takes a second

    return torch.Generator(device=device).manual_seed(torch_seed(seed, name, step))


def batch_indices(seed: int, step: int, n: int, batch_size: int) -> NDArray[np.int64]:
    """The examples of the batch of `step` (from 1), a pure function of its arguments.

    Batch t holds places (t - 1) batch_size to t batch_size - 1 of an endless list of epochs, each a
    fresh permutation of 0..n-1. So all batches have one size and each epoch uses each example
    once; a batch may end one epoch and begin the next. Returns (batch_size,) int64.
    """
    if step < 1 or n < 1 or batch_size < 1:
        raise ValueError(f"step, n, batch_size must be >= 1: {step}, {n}, {batch_size}")
    first, last = (step - 1) * batch_size, step * batch_size  # places [first, last)
    epochs = range(first // n, (last - 1) // n + 1)
    order = np.concatenate([_permutation(seed, epoch, n) for epoch in epochs])
    start = first - epochs[0] * n
    return order[start : start + batch_size]  # (batch_size,)


@lru_cache(maxsize=2)  # the epoch under way and the one that a batch may begin
def _permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    order = stream(seed, "epoch", epoch).permutation(n)  # (n,)
    order.setflags(write=False)
    return order


def _digest(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}/{name}".encode()).digest()
