"""C-RASP programs on batches of words, and what can be read off a program without running it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lemmata.errors import LemmataError
from lemmata.length_generalization.crasp import syntax as s

Values = NDArray[Any]
CHUNK: Final = 1 << 16
"""Positions at a time: the values of an operation then stay in a core's cache."""
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Facts:
    """depth: counts inside counts, names followed; periodic, local: whether it uses them."""

    depth: int
    periodic: bool
    local: bool

    @property
    def dialect(self) -> str:
        """C-RASP[], C-RASP[periodic], C-RASP[local] or C-RASP[periodic, local]."""
        used = [name for name in ("periodic", "local") if getattr(self, name)]
        return f"C-RASP[{', '.join(used)}]"


def facts(program: s.Program) -> Facts:
    """Static facts of a program."""
    depths: dict[str, int] = {}
    everything = []
    for operation in program.operations:
        depths[operation.name] = _depth(operation.expression, depths)
        everything += list(_walk(operation.expression))
    looking = [e for e in everything if isinstance(e, s.Count | s.Exists)]
    return Facts(
        max(depths.values()),
        any(isinstance(e, s.Periodic) for e in everything),
        any(e.distances is not None for e in looking),
    )


def accepts(
    program: s.Program,
    words: ArrayLike,
    symbols: Mapping[str, int],
    lengths: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Whether each word is accepted: the last operation at its last position. Returns (B,).

    words: (B, T) symbol numbers; symbols: name -> number; lengths: (B,) where words are padded on
    the right, which no operation looks at. Raises LemmataError for a symbol that is not in
    `symbols`, be it the program's or a word's, for words of no length, for a program that
    generates, and for numbers beyond 64 bits.
    """
    if program.generates:
        raise LemmataError("crasp: this program says what follows; it accepts nothing")
    found = _checked(words)
    rows, length = found.shape
    last = np.full(rows, length) if lengths is None else np.asarray(lengths, dtype=np.int64)
    if last.shape != (rows,) or not ((last >= 1) & (last <= length)).all():
        raise LemmataError(f"crasp: lengths must be {rows} numbers in 1..{length}")
    _refuse_unknown(found, last, symbols)
    parts = [
        np.take_along_axis(values, last[part, None] - 1, axis=1)[:, 0]
        for part, values in _by_part(program, found, symbols, lambda e: e.last)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def following(
    program: s.Program, words: ArrayLike, symbols: Mapping[str, int]
) -> dict[str, NDArray[np.bool_]]:
    """Symbol -> (B, T): whether the program lets it follow there. Raises as `accepts` does."""
    if not program.generates:
        raise LemmataError("crasp: this program accepts; it has no NEXT operation")
    found = _checked(words)
    _refuse_unknown(found, np.full(len(found), found.shape[1]), symbols)
    wanted = [o for o in program.operations if o.next_of is not None]
    parts: dict[str, list[NDArray[np.bool_]]] = {str(o.next_of): [] for o in wanted}
    for part in _parts(found):
        evaluation = _Evaluation(program, found[part], symbols)
        for operation in wanted:
            parts[str(operation.next_of)].append(evaluation.value(operation.expression))
    return {name: np.concatenate(pieces) for name, pieces in parts.items()}


class _Evaluation:
    """The values (B, T) of a program's expressions on some words, each computed once."""

    def __init__(self, program: s.Program, words: Values, symbols: Mapping[str, int]) -> None:
        self.words = words
        self.symbols = symbols
        self.program = program
        self.named = {o.name: o.expression for o in program.operations}
        self.known: dict[s.Expression, Values] = {}
        self.integers = _integers(program, words.shape[1])

    @property
    def last(self) -> Values:
        """Values of the last operation."""
        return self.value(self.program.operations[-1].expression)

    def value(self, expression: s.Expression) -> Values:
        """Values of an expression: bool, or integers for a count."""
        if isinstance(expression, s.Name):
            return self.value(self.named[expression.name])
        if expression not in self.known:
            self.known[expression] = self._value(expression)
        return self.known[expression]

    def _value(self, expression: s.Expression) -> Values:
        match expression:
            case s.Symbol(name):
                return np.asarray(self.words == self._number(name))
            case s.Constant(value):
                return np.full(self.words.shape, value)
            case s.Periodic(modulus, residue):
                held = np.arange(1, self.words.shape[1] + 1) % modulus == residue  # i from 1
                return np.broadcast_to(held, self.words.shape)
            case s.Not(body):
                return ~self.value(body)
            case s.Both(left, right):
                return self.value(left) & self.value(right)
            case s.Either(left, right):
                return self.value(left) | self.value(right)
            case s.Compare(first, comparison, second):
                return np.asarray(_COMPARE[comparison](self.value(first), self.value(second)))
            case s.Exists(inside, None):
                return np.logical_or.accumulate(self.value(inside), axis=1)
            case s.Exists(inside, distances):
                return self._near(self.value(inside), distances or ()) > 0
            case s.Count(inside, None):
                return self.value(inside).cumsum(axis=1, dtype=self.integers)
            case s.Count(inside, distances):
                return self._near(self.value(inside), distances or ())
            case s.Number(number):
                return np.broadcast_to(np.asarray(number, self.integers), self.words.shape)
            case s.Sum(first, sign, second):
                left_side, right_side = self.value(first), self.value(second)
                return left_side + right_side if sign == "+" else left_side - right_side
            case s.Choice(condition, then, otherwise):
                return np.where(self.value(condition), self.value(then), self.value(otherwise))
            case _:
                raise TypeError(expression)

    def _near(self, truth: Values, distances: tuple[int, ...]) -> Values:
        """How many of the positions i - d, d in `distances`, hold it."""
        found = np.zeros(self.words.shape, dtype=self.integers)
        for distance in distances:
            if distance < self.words.shape[1]:
                found[:, distance:] += truth[:, : self.words.shape[1] - distance]
        return found

    def _number(self, name: str) -> int:
        if name not in self.symbols:
            allowed = ", ".join(self.symbols)
            raise LemmataError(f"crasp: Q[{name}]: no such symbol; allowed: {allowed}")
        return self.symbols[name]


def _integers(program: s.Program, length: int) -> type[np.signedinteger[Any]]:
    """The narrowest type, which is the fastest, that holds every number of the program."""
    bounds: dict[str, int] = {}
    for operation in program.operations:
        bounds[operation.name] = _largest(operation.expression, bounds, length)
    largest = max(bounds.values())
    if largest > np.iinfo(np.int64).max:
        raise LemmataError(f"crasp: numbers may reach {largest:.3g}; at most 2^63 - 1")
    return np.int16 if largest <= np.iinfo(np.int16).max else np.int64


def _largest(expression: s.Expression, names: Mapping[str, int], length: int) -> int:
    """A bound on the size of all numbers in an expression, for words of a length."""
    inside = [_largest(child, names, length) for child in s.children(expression)]
    match expression:
        case s.Name(name):
            return names[name]
        case s.Number(value):
            return value
        case s.Sum():
            return sum(inside)
        case s.Count():
            return max(length, *inside)
        case _:
            return max(inside, default=0)


def _by_part(
    program: s.Program,
    words: Values,
    symbols: Mapping[str, int],
    take: Callable[[_Evaluation], Values],
) -> Iterator[tuple[slice, Values]]:
    for part in _parts(words):
        evaluation = _Evaluation(program, words[part], symbols)
        yield part, np.broadcast_to(take(evaluation), evaluation.words.shape)


def _parts(words: Values) -> Iterator[slice]:
    rows = max(1, CHUNK // words.shape[1])
    for start in range(0, len(words), rows):
        yield slice(start, start + rows)


def _checked(words: ArrayLike) -> Values:
    found = np.asarray(words)
    if found.ndim != 2 or not np.issubdtype(found.dtype, np.integer):
        raise LemmataError(
            f"crasp: words must be integers of shape (B, T); found {found.dtype} {found.shape}"
        )
    if found.shape[1] == 0:
        raise LemmataError("crasp: the empty word is not defined; words have at least one letter")
    return found


def _refuse_unknown(words: Values, lengths: Values, symbols: Mapping[str, int]) -> None:
    """Raise LemmataError for the first letter within its word's length that is no symbol."""
    known = np.array(sorted(symbols.values()))
    if len(known) and np.array_equal(known, np.arange(known[0], known[-1] + 1)):
        suspects = words.size > 0 and (words.min() < known[0] or words.max() > known[-1])
    else:
        suspects = True
    if not suspects:
        return
    inside = np.arange(words.shape[1]) < lengths[:, None]
    wrong = np.argwhere(inside & ~np.isin(words, known))
    if len(wrong):
        row, place = wrong[0]
        allowed = ", ".join(f"{number} ({name})" for name, number in symbols.items())
        raise LemmataError(
            f"crasp: word {row}, position {place + 1}: unknown token {words[row, place]};"
            f" allowed: {allowed}"
        )


def _walk(expression: s.Expression) -> Iterator[s.Expression]:
    yield expression
    for child in s.children(expression):
        yield from _walk(child)


def _depth(expression: s.Expression, names: Mapping[str, int]) -> int:
    if isinstance(expression, s.Name):
        return names[expression.name]
    inside = max((_depth(child, names) for child in s.children(expression)), default=0)
    return inside + isinstance(expression, s.Count | s.Exists)
