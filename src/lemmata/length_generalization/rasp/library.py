"""RASP-L's library: what is definable from the core, in the official package's terms.

One deviation: `argmax`, `argmin` and with them `mode` raise TypeError in the released package (no
predicate is given, keys and queries are swapped) [official code, executed]; here they mean what
they say.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lemmata.length_generalization.rasp.core import (
    EQUALS,
    GEQ,
    GT,
    LEQ,
    LT,
    Function,
    Reduction,
    Sequence,
    full,
    indices,
    kqv,
    sel_width,
    select,
    seq_map,
    shifted,
    tok_map,
    where,
)

NULL: Final = -999
"""A token that no input holds."""

_AND: Final = Function("and", lambda a, b: (a != 0) & (b != 0))
_OR: Final = Function("or", lambda a, b: (a != 0) | (b != 0))
_NOT: Final = Function("not", lambda a: a == 0)


def equals(x: Sequence, y: Sequence) -> Sequence:
    """1 where x_i = y_i."""
    return seq_map(x, y, EQUALS)


def leq(x: Sequence, y: Sequence) -> Sequence:
    """1 where x_i <= y_i."""
    return seq_map(x, y, LEQ)


def lt(x: Sequence, y: Sequence) -> Sequence:
    """1 where x_i < y_i."""
    return seq_map(x, y, LT)


def geq(x: Sequence, y: Sequence) -> Sequence:
    """1 where x_i >= y_i."""
    return seq_map(x, y, GEQ)


def gt(x: Sequence, y: Sequence) -> Sequence:
    """1 where x_i > y_i."""
    return seq_map(x, y, GT)


def is_token(x: Sequence, token: int) -> Sequence:
    """1 where x_i is one token."""
    return tok_map(x, Function(f"is({token})", lambda v: v == token, on_index=True))


def logical_and(a: Sequence, b: Sequence) -> Sequence:
    """1 where both are not 0."""
    return seq_map(a, b, _AND)


def logical_or(a: Sequence, b: Sequence) -> Sequence:
    """1 where one is not 0."""
    return seq_map(a, b, _OR)


def logical_not(a: Sequence) -> Sequence:
    """1 where a is 0."""
    return tok_map(a, _NOT)


def shift_right(x: Sequence, n: int, default: int = 0) -> Sequence:
    """x_{i-n}, `default` at the first n positions; n >= 0, or n < 0 for none but the default."""
    place = indices(x)
    return kqv(tok_map(place, shifted(n)), place, x, EQUALS, default, _one(x))


def cumsum(b: Sequence) -> Sequence:
    """How many b_j with j <= i are not 0."""
    truth = tok_map(b, Function("truth", lambda v: v != 0))
    return sel_width(select(truth, full(b, 1), EQUALS))


def mask(x: Sequence, m: Sequence, value: int) -> Sequence:
    """`value` where m_i is not 0, else x_i."""
    return where(m, full(x, value), x)


def maximum(x: Sequence) -> Sequence:
    """Largest x_j with j <= i."""
    return kqv(x, x, x, _ALWAYS, reduction="max")


def minimum(x: Sequence) -> Sequence:
    """Smallest x_j with j <= i."""
    return kqv(x, x, x, _ALWAYS, reduction="min")


def argmax(x: Sequence) -> Sequence:
    """First position j <= i with the largest x so far."""
    return kqv(x, maximum(x), indices(x), EQUALS, reduction="min")


def argmin(x: Sequence) -> Sequence:
    """First position j <= i with the smallest x so far."""
    return kqv(x, minimum(x), indices(x), EQUALS, reduction="min")


def num_prev(x: Sequence, q: Sequence) -> Sequence:
    """How many j <= i have x_j = q_i."""
    return sel_width(select(x, q, EQUALS))


def has_seen(x: Sequence, q: Sequence) -> Sequence:
    """1 where some j <= i has x_j = q_i."""
    return kqv(x, q, full(x, 1), EQUALS, reduction="max")


def firsts(x: Sequence, q: Sequence, default: int = -1) -> Sequence:
    """Smallest j <= i with x_j = q_i."""
    return kqv(x, q, indices(x), EQUALS, default, "min")


def lasts(x: Sequence, q: Sequence, default: int = -1) -> Sequence:
    """Largest j <= i with x_j = q_i."""
    return kqv(x, q, indices(x), EQUALS, default, "max")


def index_select(x: Sequence, place: Sequence, default: int = 0) -> Sequence:
    """x at position place_i, `default` where that is not in 0..i."""
    return kqv(indices(x), place, x, EQUALS, default, _one(x))


def first_true(x: Sequence) -> Sequence:
    """First position j <= i where x is not 0, -1 where there is none."""
    return firsts(tok_map(x, Function("truth", lambda v: v != 0)), full(x, 1))


def mode(x: Sequence) -> Sequence:
    """The token that is most frequent up to i, of equals the one that got there first."""
    return index_select(x, argmax(sel_width(select(x, x, EQUALS))))


def binary_mode(x: Sequence) -> Sequence:
    """The majority of the bits up to i; a tie gives 0."""
    ones, zeros = num_prev(x, full(x, 1)), num_prev(x, full(x, 0))
    return gt(ones, zeros)


def induct_kqv(
    k: Sequence, q: Sequence, v: Sequence, offset: int, default: int = 0, null: int = NULL
) -> Sequence:
    """v at (first position of q_i in k) + offset, the last `offset` positions left out."""
    return index_select(v, firsts(shift_right(k, offset, null), q, null), default)


def induct(k: Sequence, q: Sequence, offset: int, default: int = 0, null: int = NULL) -> Sequence:
    """k at (first position of q_i in k) + offset: an induction head for offset 1."""
    return induct_kqv(k, q, k, offset, default, null)


def induct_prev(
    k: Sequence, q: Sequence, offset: int, default: int = 0, null: int = NULL
) -> Sequence:
    """k at (first position of q_i in k) + offset for offset < 0."""
    found = firsts(k, q, null)
    return index_select(k, tok_map(found, shifted(offset)), default)


_ALWAYS: Final = Function(
    "always", lambda k, q: np.broadcast_to(True, np.broadcast(k, q).shape), True
)


def _one(x: Sequence) -> Reduction:
    """Of one selected value each reduction gives that value; a mean of positions is not legal."""
    return "max" if x.index else "mean"
