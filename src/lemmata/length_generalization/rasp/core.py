"""The core operations of RASP-L on batches of sequences, all causal (arXiv 2310.16028).

Semantics as in the official package [official code], independently written; `library` has what is
built on top. A sequence is (B, T) integers, position 0..T-1, and a flag: `index` marks what grows
with the length (positions, counts), on which a legal program does no arithmetic. Every operation is
noted in the trace that is open, which gives a program's length and its breaches of that rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.errors import LemmataError

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Reduction = Literal["mean", "max", "min"]


@dataclass(frozen=True)
class Sequence:
    """values: (B, T) int64; index: whether they are positions or counts, so unbounded."""

    values: Ints
    index: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """(B, T)."""
        rows, length = self.values.shape
        return rows, length


@dataclass(frozen=True)
class Function:
    """A named elementwise function. on_index: whether a legal program may apply it to positions.

    gives_index: whether its value then is a position again.
    """

    name: str
    apply: Callable[..., Any]
    on_index: bool = False
    gives_index: bool = False


EQUALS: Final = Function("equals", np.equal, on_index=True)
LEQ: Final = Function("leq", np.less_equal, on_index=True)
LT: Final = Function("lt", np.less, on_index=True)
GEQ: Final = Function("geq", np.greater_equal, on_index=True)
GT: Final = Function("gt", np.greater, on_index=True)
COMPARISONS: Final = (EQUALS, LEQ, LT, GEQ, GT)


def shifted(by: int) -> Function:
    """x + by for a constant: successors and predecessors are legal on positions."""
    return Function(f"shifted({by:+d})", lambda x: x + by, on_index=True, gives_index=True)


@dataclass
class Trace:
    """What a program did: its operations in order, and where it broke the rule on positions."""

    operations: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Number of core operations, the length of the program."""
        return len(self.operations)


_OPEN: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def trace() -> Iterator[Trace]:
    """Note every core operation while the context lasts."""
    found = Trace()
    token = _OPEN.set(found)
    try:
        yield found
    finally:
        _OPEN.reset(token)


def tokens(values: ArrayLike) -> Sequence:
    """Input of a program from integers (B, T), or (T,) for a batch of one."""
    array = np.asarray(values)
    if array.ndim == 1:
        array = array[None, :]
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
        raise LemmataError(
            f"rasp: tokens must be integers of shape (B, T); found {array.dtype} {array.shape}"
        )
    return Sequence(array.astype(np.int64))


def full(x: Sequence, value: int) -> Sequence:
    """`value` everywhere."""
    _note("full", str(value), ())
    return Sequence(np.full(x.shape, value, dtype=np.int64))


def indices(x: Sequence) -> Sequence:
    """0, 1, ..., T-1."""
    _note("indices", "", ())
    rows, length = x.shape
    return Sequence(np.broadcast_to(np.arange(length), (rows, length)), index=True)


def tok_map(x: Sequence, function: Function) -> Sequence:
    """function(x_i)."""
    _note("tok_map", function.name, (x,), legal=function.on_index)
    return Sequence(_integers(function.apply(x.values)), x.index and function.gives_index)


def seq_map(x: Sequence, y: Sequence, function: Function) -> Sequence:
    """function(x_i, y_i)."""
    _same_shape("seq_map", x, y)
    _note("seq_map", function.name, (x, y), legal=function.on_index)
    found = _integers(function.apply(x.values, y.values))
    return Sequence(found, (x.index or y.index) and function.gives_index)


def where(condition: Sequence, x: Sequence, y: Sequence) -> Sequence:
    """x_i where condition_i is not 0, else y_i."""
    _same_shape("where", x, y)
    _note("where", "", ())
    return Sequence(np.where(condition.values != 0, x.values, y.values), x.index or y.index)


def select(k: Sequence, q: Sequence, predicate: Function, causal: bool = True) -> Flags:
    """A (B, T, T) with A[b, i, j] = predicate(k[b, j], q[b, i]) for j <= i: rows are queries.

    causal False compares all j.
    """
    _same_shape("select", k, q)
    _note("select", predicate.name, (k, q), legal=predicate.on_index)
    held = np.asarray(predicate.apply(k.values[:, None, :], q.values[:, :, None]), dtype=bool)
    if causal:
        length = k.shape[1]
        held = held & np.tri(length, dtype=bool)
    return held  # (B, T, T)


def sel_width(selected: Flags) -> Sequence:
    """How many positions each query selects: a count, so unbounded."""
    _note("sel_width", "", ())
    return Sequence(selected.sum(axis=2, dtype=np.int64), index=True)


def aggr_mean(selected: Flags, v: Sequence, default: int = 0) -> Sequence:
    """Mean of the selected values, truncated towards zero; `default` where none is selected."""
    _note("aggr_mean", "", (v,), legal=False)
    total = np.matmul(selected.astype(np.int64), v.values[:, :, None])[:, :, 0]  # (B, T)
    width = selected.sum(axis=2, dtype=np.int64)
    mean = np.sign(total) * (np.abs(total) // np.maximum(width, 1))
    return Sequence(np.where(width == 0, default, mean), v.index)


def aggr_max(selected: Flags, v: Sequence, default: int = 0) -> Sequence:
    """Largest selected value; `default` where none is selected."""
    _note("aggr_max", "", (v,))
    lowest = np.iinfo(np.int64).min
    best = np.where(selected, v.values[:, None, :], lowest).max(axis=2)  # (B, T)
    return Sequence(np.where(selected.any(axis=2), best, default), v.index)


def aggr(selected: Flags, v: Sequence, default: int = 0, reduction: Reduction = "mean") -> Sequence:
    """Mean, max or min of the selected values; the min is -max of what is negated."""
    if reduction == "mean":
        return aggr_mean(selected, v, default)
    if reduction == "max":
        return aggr_max(selected, v, default)
    negated = aggr_max(selected, Sequence(-v.values, v.index), -default)
    return Sequence(-negated.values, v.index)


def kqv(
    k: Sequence,
    q: Sequence,
    v: Sequence,
    predicate: Function,
    default: int = 0,
    reduction: Reduction = "mean",
) -> Sequence:
    """One causal attention head: aggr(select(k, q, predicate), v, default, reduction)."""
    return aggr(select(k, q, predicate), v, default, reduction)


def _note(name: str, what: str, used: tuple[Sequence, ...], legal: bool = True) -> None:
    found = _OPEN.get()
    if found is None:
        return
    said = f"{name}({what})" if what else name
    found.operations.append(said)
    if not legal and any(sequence.index for sequence in used):
        found.breaches.append(f"{said} on positions or counts")


def _integers(values: ArrayLike) -> Ints:
    return np.asarray(values).astype(np.int64)


def _same_shape(name: str, x: Sequence, y: Sequence) -> None:
    if x.shape != y.shape:
        raise LemmataError(f"rasp: {name}: shapes differ: {x.shape} and {y.shape}")
