"""Every word and every question up to some length: what exhaustive checks run over.

How far each goes is what a public check of such programs counted; see REACH in `programs` too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Final

import numpy as np

from lemmata.length_generalization.rasp.programs import ADDITION_HINTS, HINTS, PLUS
from lemmata.length_generalization.tasks.algorithmic import PERIOD
from lemmata.length_generalization.tasks.task import Bools, Ints
from lemmata.length_generalization.vocabulary import FIRST

SIZES: Final = {  # letters, longest question
    "binary_majority": (2, 13),
    "majority": (3, 7),
    "mode": (3, 7),
    "interleave": (2, 12),
    "sort": (6, 5),
    "unique_copy": (5, 5),
    "repeat_copy": (2, 7),
    "parity": (2, 12),
    "count": (14, 14),
    "parity_running": (2, 8),
    "parity_ones": (2, 8),
    "addition_reverse": (10, 2),
    "addition_forward": (10, 2),
}


def letters_of(task: str) -> int:
    """How many symbols the questions of a task are made of."""
    return SIZES[task][0]


def words(letters: int, longest: int) -> Iterator[Ints]:
    """All words over letters 0, 1, ...: a batch (letters ** n, n) for each length n."""
    for n in range(1, longest + 1):
        places = letters ** np.arange(n - 1, -1, -1)
        yield np.arange(letters**n)[:, None] // places % letters


def deep_words(depth: int, longest: int) -> Iterator[Ints]:
    """a^depth w b^depth for every w over a and b (0 and 1): words that reach a bound on depth.

    All words of up to 2 depth + 1 letters stay within it, so these alone tell D_depth from Dyck-1.
    """
    for middle in words(2, longest):
        yield np.pad(middle, ((0, 0), (depth, depth)), constant_values=((0, 0), (0, 1)))


def questions_of(task: str, longest: int) -> Iterator[Ints]:
    """Every question (B, Q) of a task up to its length in SIZES, or up to `longest`, by length."""
    letters, reach = SIZES[task]
    reach = min(reach, longest)
    if task in ("sort", "unique_copy"):
        for n in range(1 if task == "sort" else 0, reach + 1):
            rows = list(permutations(range(letters), n))
            yield FIRST + np.array(rows, dtype=np.int64).reshape(len(rows), n)
    elif task == "count":
        for n in range(1, reach + 1):
            yield FIRST + np.array([[a, a + n - 1] for a in range(letters - n + 1)])
    elif task.startswith("addition"):
        yield _sums()
    else:
        for batch in words(letters, reach):
            yield from _asked(task, batch, letters)


def _asked(task: str, batch: Ints, letters: int) -> Iterator[Ints]:
    """The questions among all words of one length, if there are any."""
    if task.startswith("parity_"):
        hints = HINTS + np.broadcast_to(np.arange(batch.shape[1]), batch.shape)
        yield np.stack([hints, FIRST + batch], axis=2).reshape(len(batch), -1)
        return
    if task == "interleave":
        kept = _untied_columns(batch) if batch.shape[1] % PERIOD == 0 else batch[:0]
    elif task in ("parity", "repeat_copy"):
        kept = batch
    else:
        kept = batch[_untied(batch, letters)]
    if len(kept):
        yield FIRST + kept


def _sums() -> Ints:
    """Every pair of numbers below 100 with three digits each: h1 0 h2 a2 h3 a3 PLUS ..."""
    digits = np.arange(10_000)[:, None] // [1000, 100, 10, 1] % 10
    hints = ADDITION_HINTS + np.broadcast_to(np.arange(3), (len(digits), 3))
    zero = np.zeros((len(digits), 1), dtype=np.int64)
    halves = [
        np.stack([hints, FIRST + np.concatenate([zero, part], axis=1)], axis=2)
        for part in (digits[:, :2], digits[:, 2:])
    ]
    first, second = (half.reshape(len(digits), -1) for half in halves)
    return np.concatenate([first, np.full((len(digits), 1), PLUS), second], axis=1)


def _untied(batch: Ints, letters: int) -> Bools:
    counts = np.sort(np.stack([(batch == k).sum(axis=1) for k in range(letters)]), axis=0)
    found: Bools = counts[-1] > counts[-2]
    return found


def _untied_columns(batch: Ints) -> Ints:
    columns = [_untied(batch[:, r::PERIOD], 2) for r in range(PERIOD)]
    return batch[np.logical_and.reduce(columns)]
