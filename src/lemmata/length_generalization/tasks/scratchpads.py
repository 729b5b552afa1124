"""Tasks with index hints and scratchpads (arXiv 2310.16028): formats that change what is easy.

A hint is an index token before a digit or bit. Its window starts at random within a longer
alphabet of hints: otherwise the hints of longer questions would never be trained. Base-10 digits
and bits are FIRST, FIRST + 1, ...; see `rasp.programs` for the layouts and the programs.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lemmata.length_generalization.rasp.programs import (
    ADDITION_HINTS,
    DIGITS,
    HINTS,
    ONE,
    PLUS,
    ZERO,
)
from lemmata.length_generalization.tasks.algorithmic import most_frequent, sample_letters
from lemmata.length_generalization.tasks.task import NONE, Ints, Task
from lemmata.length_generalization.vocabulary import FIRST

MODE_SYMBOLS: Final = 5


def _windows(rng: np.random.Generator, rows: int, length: int, hints: int) -> Ints:
    """Consecutive hint numbers from a random start: (B, length) within 0..hints-1."""
    start = rng.integers(0, hints - length + 1, (rows, 1))
    return start + np.arange(length)


def _interleaved(first: Ints, second: Ints) -> Ints:
    """first_1 second_1 first_2 second_2 ...: (B, 2 n)."""
    return np.stack([first, second], axis=2).reshape(len(first), -1)


def sample_hinted_bits(rng: np.random.Generator, length: int, rows: int, symbols: int) -> Ints:
    """h1 b1 ... hn bn: the number of ones uniform, the hints' window at random."""
    ones = rng.integers(0, length + 1, (rows, 1))
    rank = rng.random((rows, length)).argsort(axis=1).argsort(axis=1)
    return _interleaved(HINTS + _windows(rng, rows, length, symbols - 2), ZERO + (rank < ones))


def running_parity(questions: Ints) -> Ints:
    """h1 p1 ... hn pn, p_i the parity of the first i bits."""
    parity = (questions[:, 1::2] - ZERO).cumsum(axis=1) % 2
    return _interleaved(questions[:, ::2], ZERO + parity)


def parity_of_ones(questions: Ints) -> Ints:
    """Hint and running parity of each 1, NONE behind."""
    bits = questions[:, 1::2] == ONE
    full = running_parity(questions).reshape(*bits.shape, 2)  # (B, n, 2)
    order = np.argsort(~bits, axis=1, kind="stable")  # ones first, in their order
    kept = np.take_along_axis(full, order[:, :, None], axis=1)
    kept[~np.take_along_axis(bits, order, axis=1)] = NONE
    return kept.reshape(len(questions), -1)


def sample_hinted_addition(rng: np.random.Generator, length: int, rows: int, symbols: int) -> Ints:
    """h1 a1 ... hn an PLUS h1 b1 ... hn bn in base 10; the first digits are 0, so the sum fits."""
    hints = ADDITION_HINTS + _windows(rng, rows, length, symbols - (ADDITION_HINTS - FIRST))
    digits = rng.integers(0, DIGITS, (2, rows, length))
    digits[:, :, 0] = 0
    first, second = (_interleaved(hints, FIRST + summand) for summand in digits)
    return np.concatenate([first, np.full((rows, 1), PLUS), second], axis=1)


def sum_forward(questions: Ints) -> Ints:
    """h1 s1 ... hn sn, most significant digit first."""
    middle = questions.shape[1] // 2
    first, second = questions[:, :middle], questions[:, middle + 1 :]
    column = first[:, 1::2] + second[:, 1::2] - 2 * FIRST
    digits = np.empty_like(column)
    carry = np.zeros(len(questions), dtype=np.int64)
    for place in range(column.shape[1] - 1, -1, -1):
        total = column[:, place] + carry
        digits[:, place], carry = FIRST + total % DIGITS, total // DIGITS
    return _interleaved(first[:, ::2], digits)


def sum_reverse(questions: Ints) -> Ints:
    """hn sn ... h1 s1, least significant digit first."""
    forward = sum_forward(questions)
    return _interleaved(forward[:, ::2][:, ::-1], forward[:, 1::2][:, ::-1])


def mode_by_count(questions: Ints) -> Ints:
    """Each symbol with its count, rarest first, then the most frequent symbol."""
    return _mode_scratchpad(questions, by_count=True)


def mode_by_appearance(questions: Ints) -> Ints:
    """Each symbol with its count in order of first appearance, then the most frequent symbol."""
    return _mode_scratchpad(questions, by_count=False)


def _mode_scratchpad(questions: Ints, by_count: bool) -> Ints:
    rows = len(questions)
    letters = FIRST + np.arange(MODE_SYMBOLS)
    held = questions[:, :, None] == letters  # (B, n, symbols)
    counts = held.sum(axis=1)  # (B, symbols)
    first = np.where(counts > 0, held.argmax(axis=1), questions.shape[1])
    # Of equal counts the one that came first; symbols that are not there go last.
    rank = np.where(counts > 0, counts, questions.shape[1] + 1) if by_count else first
    order = np.lexsort((first, rank), axis=1)  # (B, symbols)
    shown = np.stack([np.broadcast_to(letters, counts.shape), _number(counts)], axis=2)
    listed = np.take_along_axis(shown, order[:, :, None], axis=1)
    listed[np.take_along_axis(counts, order, axis=1) == 0] = NONE
    found = np.full((rows, 2 * MODE_SYMBOLS + 1), NONE, dtype=np.int64)
    found[:, :-1] = listed.reshape(rows, -1)
    found[np.arange(rows), 2 * (counts > 0).sum(axis=1)] = most_frequent(questions)[:, 0]
    return found


def _number(counts: Ints) -> Ints:
    return FIRST + MODE_SYMBOLS + counts


def sample_mode(rng: np.random.Generator, length: int, rows: int, _symbols: int) -> Ints:
    """Letters of five symbols with one most frequent."""
    return sample_letters(rng, length, rows, MODE_SYMBOLS)


def _spell_parity(n: int) -> str:
    return str(n) if n < HINTS - FIRST else f"#{n - (HINTS - FIRST)}"


def _spell_addition(n: int) -> str:
    if n < DIGITS:
        return str(n)
    return "+" if n == PLUS - FIRST else f"#{n - (ADDITION_HINTS - FIRST)}"


def _spell_mode(n: int) -> str:
    return "abcde"[n] if n < MODE_SYMBOLS else str(n - MODE_SYMBOLS)


SCRATCHPADS: Final = (
    Task(
        "parity_running",
        "parity, running scratchpad",
        sample_hinted_bits,
        running_parity,
        lambda longest: 2 + longest,
        separable=12,
        spell=_spell_parity,
    ),
    Task(
        "parity_ones",
        "parity, scratchpad of ones",
        sample_hinted_bits,
        parity_of_ones,
        lambda longest: 2 + longest,
        separable=12,
        spell=_spell_parity,
    ),
    Task(
        "addition_reverse",
        "addition, reversed with hints",
        sample_hinted_addition,
        sum_reverse,
        lambda longest: DIGITS + 1 + longest,
        least=2,
        separable=4,
        spell=_spell_addition,
    ),
    Task(
        "addition_forward",
        "addition with hints",
        sample_hinted_addition,
        sum_forward,
        lambda longest: DIGITS + 1 + longest,
        least=2,
        separable=4,
        spell=_spell_addition,
    ),
    Task(
        "mode",
        "mode of 5",
        sample_mode,
        most_frequent,
        lambda longest: MODE_SYMBOLS + 1 + longest,
        separable=6,
        spell=_spell_mode,
        chance=1 / MODE_SYMBOLS,
    ),
    Task(
        "mode_by_count",
        "mode of 5, counts in order",
        sample_mode,
        mode_by_count,
        lambda longest: MODE_SYMBOLS + 1 + longest,
        separable=6,
        spell=_spell_mode,
    ),
    Task(
        "mode_by_appearance",
        "mode of 5, counts as they come",
        sample_mode,
        mode_by_appearance,
        lambda longest: MODE_SYMBOLS + 1 + longest,
        separable=6,
        spell=_spell_mode,
    ),
)
"""Tasks that arXiv 2410.02140 does not classify: `ape`, `nope` and `ac0` are unknown."""
