"""RASP-L programs of the tasks, in our formulation (arXiv 2310.16028 prints its own).

Each maps sequences to the next token at every position; only the positions from SEP on matter.
Layout of a row: BOS question SEP answer EOS. Token numbers are those of `vocabulary`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from lemmata.length_generalization.rasp.core import (
    EQUALS,
    GT,
    Function,
    Sequence,
    Trace,
    full,
    kqv,
    seq_map,
    shifted,
    tok_map,
    tokens,
    trace,
    where,
)
from lemmata.length_generalization.rasp.library import (
    NULL,
    argmax,
    cumsum,
    equals,
    gt,
    index_select,
    induct,
    induct_kqv,
    is_token,
    lasts,
    logical_and,
    logical_not,
    logical_or,
    mask,
    num_prev,
    shift_right,
)
from lemmata.length_generalization.vocabulary import BOS, EOS, FIRST, SEP

Program = Callable[[Sequence], Sequence]

ZERO, ONE = FIRST, FIRST + 1
HINTS: Final = FIRST + 2
"""First index hint of the parity tasks."""
DIGITS: Final = 10
PLUS: Final = FIRST + DIGITS
ADDITION_HINTS: Final = PLUS + 1
"""First index hint of the addition tasks; smaller hints stand at more significant digits."""


def boolean_and(x: Sequence) -> Sequence:
    """AND of the bits: attend to a 0, and say 0; where there is none, say 1."""
    zero = full(x, ZERO)
    return kqv(x, zero, zero, EQUALS, default=ONE)


def count(x: Sequence) -> Sequence:
    """BOS a b SEP a a+1 ... b EOS."""
    start = lasts(x, full(x, BOS))
    first = index_select(x, tok_map(start, shifted(1)))
    last = index_select(x, tok_map(start, shifted(2)))
    onwards = where(equals(x, last), full(x, EOS), tok_map(x, shifted(1)))
    return where(is_token(x, SEP), first, onwards)


def majority(x: Sequence) -> Sequence:
    """BOS x SEP (most frequent symbol) EOS, of equals the one that got there first."""
    counts = mask(num_prev(x, x), is_token(x, BOS), 0)
    return where(is_token(x, SEP), index_select(x, argmax(counts)), full(x, EOS))


def unique_copy(x: Sequence) -> Sequence:
    """BOS x SEP x EOS for distinct symbols: an induction head; both marks open the string."""
    same = mask(x, is_token(x, SEP), BOS)
    copied = induct(same, same, 1)
    return mask(copied, is_token(copied, BOS), EOS)


def sort(x: Sequence) -> Sequence:
    """BOS x SEP (x in growing order) EOS for distinct symbols: the smallest that is larger."""
    return kqv(x, x, x, GT, default=EOS, reduction="min")


def parity_running(x: Sequence) -> Sequence:
    """BOS h1 b1 ... hn bn SEP h1 p1 ... hn pn EOS with p_i the parity of b_1 to b_i."""
    previous = shift_right(x, 1)
    start, end = lasts(x, full(x, BOS)), lasts(x, full(x, SEP))
    first = index_select(x, tok_map(start, shifted(1)))
    last = index_select(x, tok_map(end, shifted(-2)))
    bit = induct(x, x, 1)  # what follows this hint in the question
    carried = mask(previous, is_token(previous, SEP), ZERO)
    parity = seq_map(bit, carried, _XOR)
    onwards = where(equals(previous, last), full(x, EOS), tok_map(previous, shifted(1)))
    return where(is_token(x, SEP), first, where(tok_map(x, _IS_HINT), parity, onwards))


def parity_ones(x: Sequence) -> Sequence:
    """BOS h1 b1 ... hn bn SEP, then hint and running parity of every 1 alone, EOS."""
    previous = shift_right(x, 1)
    of_ones = where(is_token(x, ONE), previous, full(x, -1))
    reached = where(is_token(x, SEP), full(x, 0), previous)
    following = kqv(of_ones, reached, of_ones, GT, default=EOS, reduction="min")
    flipped = where(is_token(previous, ONE), full(x, ZERO), full(x, ONE))
    return where(tok_map(x, _IS_HINT), flipped, following)


def addition_reverse(x: Sequence) -> Sequence:
    """BOS h1 a1 ... hn an PLUS h1 b1 ... hn bn SEP hn sn ... h1 s1 EOS, hints growing from h1.

    A carry enters a digit when the pair before it sums to more than 9, or to 9 and the digit just
    given is 0.
    """
    previous = shift_right(x, 1)
    key, pair = _pair_sums(x, previous)
    own = kqv(key, x, pair, EQUALS)
    right = kqv(key, tok_map(x, shifted(1)), pair, EQUALS)
    chained = logical_and(is_token(right, 9), is_token(previous, FIRST))
    carry = logical_or(tok_map(right, _CARRIES), chained)
    digit = seq_map(own, carry, _DIGIT)
    end = lasts(x, full(x, SEP))
    last = index_select(x, tok_map(end, shifted(-2)))
    first = index_select(x, tok_map(lasts(x, full(x, BOS)), shifted(1)))
    onwards = where(equals(previous, first), full(x, EOS), tok_map(previous, shifted(-1)))
    return where(is_token(x, SEP), last, where(tok_map(x, _IS_PLACE), digit, onwards))


def addition_forward(x: Sequence) -> Sequence:
    """The same with the answer from h1: a carry must be seen coming.

    It enters a digit when the nearest pair to its right that does not sum to 9 sums to more.
    """
    previous = shift_right(x, 1)
    key, pair = _pair_sums(x, previous)
    own = kqv(key, x, pair, EQUALS)
    decides = mask(key, is_token(pair, 9), NULL)
    nearest = kqv(decides, x, decides, GT, default=BOS, reduction="min")
    carry = tok_map(kqv(decides, nearest, pair, EQUALS), _CARRIES)
    digit = seq_map(own, carry, _DIGIT)
    end = lasts(x, full(x, SEP))
    last = index_select(x, tok_map(end, shifted(-2)))
    first = index_select(x, tok_map(lasts(x, full(x, BOS)), shifted(1)))
    onwards = where(equals(previous, last), full(x, EOS), tok_map(previous, shifted(1)))
    return where(is_token(x, SEP), first, where(tok_map(x, _IS_PLACE), digit, onwards))


def _pair_sums(x: Sequence, previous: Sequence) -> tuple[Sequence, Sequence]:
    """At the digits of the second summand: their hint (NULL elsewhere), and the sum of the pair."""
    first = induct_kqv(x, previous, x, 1)  # the digit of the first summand with this hint
    pair = seq_map(x, first, _DIGIT_SUM)
    seen_plus = gt(cumsum(is_token(x, PLUS)), full(x, 0))
    asked = logical_not(gt(cumsum(is_token(x, SEP)), full(x, 0)))
    here = logical_and(logical_and(seen_plus, asked), tok_map(x, _IS_DIGIT))
    return where(here, previous, full(x, NULL)), pair


_XOR: Final = Function("xor", lambda a, b: ZERO + ((a == ONE) ^ (b == ONE)))
_IS_HINT: Final = Function("is hint", lambda v: v >= HINTS)
_IS_PLACE: Final = Function("is hint", lambda v: v >= ADDITION_HINTS)
_IS_DIGIT: Final = Function("is digit", lambda v: (v >= FIRST) & (v < PLUS))
_DIGIT_SUM: Final = Function("sum of digits", lambda a, b: a + b - 2 * FIRST)
_CARRIES: Final = Function("more than 9", lambda v: v > 9)
_DIGIT: Final = Function("digit", lambda s, carry: FIRST + np.mod(s + carry, DIGITS))


def program_trace(program: Program, row: list[int]) -> Trace:
    """What a program does on one row: its operations, and breaches of legality."""
    with trace() as found:
        program(tokens(row))
    return found


BY_TASK: Final[dict[str, Program]] = {
    "binary_majority": majority,
    "majority": majority,
    "mode": majority,
    "unique_copy": unique_copy,
    "sort": sort,
    "count": count,
    "parity_running": parity_running,
    "parity_ones": parity_ones,
    "addition_reverse": addition_reverse,
    "addition_forward": addition_forward,
}
"""Task -> its program."""
