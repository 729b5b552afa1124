"""The algorithmic tasks of arXiv 2410.02140 and the counting task of arXiv 2310.16028.

Sampling as in the official code [official code] where it says so; it decides how hard a task is:
the *number* of ones is uniform, not each bit. Symbols are FIRST, FIRST + 1, ...
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lemmata.length_generalization.tasks.task import NONE, Bools, Ints, Task
from lemmata.length_generalization.vocabulary import FIRST

PERIOD: Final = 3
"""Columns of the interleaved majority."""
MAJORITY_SYMBOLS: Final = 8
PLUS: Final = FIRST + 2
"""Between the summands of binary addition; SEP stands for the equals sign."""


def _bits(rng: np.random.Generator, ones: Ints, length: int) -> Ints:
    """Rows of `length` bits of which ones[b] are 1, in random order."""
    rank = rng.random((len(ones), length)).argsort(axis=1).argsort(axis=1)
    return (FIRST + (rank < ones[:, None])).astype(np.int64)


def sample_bits(rng: np.random.Generator, length: int, rows: int, _symbols: int) -> Ints:
    """The number of ones uniform in 0..length, then shuffled."""
    return _bits(rng, rng.integers(0, length + 1, rows), length)


def sample_untied_bits(rng: np.random.Generator, length: int, rows: int, _symbols: int) -> Ints:
    """The number of ones uniform in 0..length but half the length, then shuffled."""
    ones = rng.integers(0, length + length % 2, rows)
    ones += (length % 2 == 0) & (ones >= length // 2)
    return _bits(rng, ones, length)


def sample_interleaved(rng: np.random.Generator, length: int, rows: int, symbols: int) -> Ints:
    """Three interleaved rows of bits without a tie, the first one's bits at places 0, 3, ..."""
    found = np.empty((rows, length), dtype=np.int64)
    for column in range(PERIOD):
        own = len(range(column, length, PERIOD))
        found[:, column::PERIOD] = sample_untied_bits(rng, own, rows, symbols)
    return found


def sample_letters(rng: np.random.Generator, length: int, rows: int, symbols: int) -> Ints:
    """Independent uniform letters with one most frequent, ties drawn again."""
    found = rng.integers(0, symbols, (rows, length))
    while True:
        again = np.flatnonzero(_tied(found, symbols))
        if len(again) == 0:
            return found + FIRST
        found[again] = rng.integers(0, symbols, (len(again), length))


def sample_any(rng: np.random.Generator, length: int, rows: int, symbols: int) -> Ints:
    """Independent uniform symbols."""
    return rng.integers(FIRST, FIRST + symbols, (rows, length))


def sample_distinct(rng: np.random.Generator, length: int, rows: int, symbols: int) -> Ints:
    """Symbols without replacement."""
    return FIRST + rng.random((rows, symbols)).argsort(axis=1)[:, :length].astype(np.int64)


def sample_range(rng: np.random.Generator, length: int, rows: int, symbols: int) -> Ints:
    """a, b with b - a + 1 = length and a uniform over what the alphabet allows: (B, 2)."""
    first = rng.integers(0, symbols - length + 1, rows)
    return FIRST + np.stack([first, first + length - 1], axis=1)


def sample_addition(rng: np.random.Generator, length: int, rows: int, _symbols: int) -> Ints:
    """a + b in binary, leading digits 1; the length counts a, +, b and the equals sign."""
    width = length - 1  # of a + b
    found = rng.integers(FIRST, FIRST + 2, (rows, width))
    plus = rng.integers(1, width - 1, rows)  # a has 1 to width - 2 digits
    found[:, 0] = FIRST + 1
    found[np.arange(rows), plus] = PLUS
    found[np.arange(rows), plus + 1] = FIRST + 1
    return found


def most_frequent(questions: Ints) -> Ints:
    """The symbol that occurs most often: (B, 1)."""
    symbols = int(questions.max()) + 1
    found: Ints = _counts(questions, symbols).argmax(axis=1)[:, None]
    return found


def most_frequent_by_column(questions: Ints) -> Ints:
    """The majority bit of each of the three columns: (B, 3)."""
    columns = [most_frequent(questions[:, r::PERIOD]) for r in range(PERIOD)]
    return np.concatenate(columns, axis=1)


def parity(questions: Ints) -> Ints:
    """The exclusive or of the bits: (B, 1)."""
    found: Ints = FIRST + (questions - FIRST).sum(axis=1, keepdims=True) % 2
    return found


def copy(questions: Ints) -> Ints:
    """The question again."""
    return questions.copy()


def in_order(questions: Ints) -> Ints:
    """The symbols in growing order."""
    return np.sort(questions, axis=1)


def counted(questions: Ints) -> Ints:
    """a, a + 1, ..., b for rows (a, b), all of one length."""
    length = int(questions[0, 1] - questions[0, 0]) + 1
    return questions[:, :1] + np.arange(length)


def added(questions: Ints) -> Ints:
    """Binary sums, most significant digit first, NONE behind the shorter ones."""
    rows, width = questions.shape
    plus = (questions == PLUS).argmax(axis=1)  # (B,)
    digits = [_right_aligned(questions, np.zeros(rows, int), plus)]
    digits.append(_right_aligned(questions, plus + 1, np.full(rows, width)))
    total = np.zeros((rows, width + 1), dtype=np.int64)
    carry = np.zeros(rows, dtype=np.int64)
    for place in range(width - 1, -1, -1):
        column = digits[0][:, place] + digits[1][:, place] + carry
        total[:, place + 1], carry = column % 2, column // 2
    total[:, 0] = carry
    begin = total.argmax(axis=1)  # the leading 1
    longest = width + 1 - int(begin.min())
    place = begin[:, None] + np.arange(longest)  # (B, A)
    inside = place <= width
    found = np.take_along_axis(total, np.minimum(place, width), axis=1)
    return np.where(inside, FIRST + found, NONE)


def _right_aligned(questions: Ints, begin: Ints, end: Ints) -> Ints:
    """Digits of questions[b, begin[b]:end[b]], at the right end of rows of zeros."""
    width = questions.shape[1]
    place = np.arange(width) - width + end[:, None]
    inside: Bools = place >= begin[:, None]
    found = np.take_along_axis(questions, np.maximum(place, 0), axis=1) - FIRST
    return np.where(inside, found, 0)


def _counts(questions: Ints, symbols: int) -> Ints:
    """How often each row has each symbol: (B, symbols)."""
    rows = len(questions)
    flat = questions + symbols * np.arange(rows)[:, None]
    return np.bincount(flat.ravel(), minlength=rows * symbols).reshape(rows, symbols)


def _tied(letters: Ints, symbols: int) -> Bools:
    counts = np.sort(_counts(letters, symbols), axis=1)
    found: Bools = counts[:, -1] == counts[:, -2]
    return found


def _each_its_own(longest: int) -> int:
    return longest


ALGORITHMIC: Final = (
    Task(
        "binary_majority",
        "binary majority",
        sample_untied_bits,
        most_frequent,
        lambda _: 2,
        ape=True,
        nope=True,
        ac0=False,
        separable=12,
        chance=0.5,
    ),
    Task(
        "majority",
        f"majority of {MAJORITY_SYMBOLS}",
        sample_letters,
        most_frequent,
        lambda _: MAJORITY_SYMBOLS,
        ape=True,
        nope=True,
        ac0=False,
        separable=5,
        chance=1 / MAJORITY_SYMBOLS,
    ),
    Task(
        "interleave",
        "interleaved majority",
        sample_interleaved,
        most_frequent_by_column,
        lambda _: 2,
        ape=True,
        nope=False,
        ac0=False,
        least=PERIOD,
        step=PERIOD,
        separable=12,
        chance=0.125,
    ),
    Task(
        "sort",
        "sort",
        sample_distinct,
        in_order,
        _each_its_own,
        ape=True,
        nope=True,
        ac0=True,
        separable=3,
    ),
    Task(
        "unique_copy",
        "copy, unique",
        sample_distinct,
        copy,
        _each_its_own,
        ape=True,
        nope=False,
        ac0=True,
        separable=3,
    ),
    Task(
        "repeat_copy",
        "copy, repeats",
        sample_any,
        copy,
        lambda _: 2,
        ape=False,
        nope=False,
        ac0=True,
        separable=12,
    ),
    Task(
        "parity",
        "parity",
        sample_bits,
        parity,
        lambda _: 2,
        ape=False,
        nope=False,
        ac0=False,
        separable=12,
        chance=0.5,
    ),
    Task(
        "addition",
        "addition",
        sample_addition,
        added,
        lambda _: 3,
        ape=False,
        nope=False,
        ac0=True,
        least=4,
        separable=12,
        spell=lambda n: "01+"[n],
    ),
    Task(
        "count",
        "count",
        sample_range,
        counted,
        _each_its_own,
        ape=True,
        nope=True,
        ac0=True,
        separable=1 << 30,  # too few questions of any length
    ),
)
