"""Abstract syntax of C-RASP[periodic, local] (arXiv 2410.02140; definition as in 2505.21785).

A program is a list of named operations, each a Boolean or an integer at every position i = 1..n of
a word, in terms of earlier ones. `exists`, comparisons other than <=, `or`, and numbers are sugar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Comparison = Literal["<=", "<", ">=", ">", "=="]


@dataclass(frozen=True)
class Symbol:
    """Q[a]: the symbol at i is a."""

    name: str


@dataclass(frozen=True)
class Constant:
    """true or false."""

    value: bool


@dataclass(frozen=True)
class Periodic:
    """i % modulus == residue."""

    modulus: int
    residue: int


@dataclass(frozen=True)
class Not:
    """not P."""

    body: Boolean


@dataclass(frozen=True)
class Both:
    """P and Q."""

    left: Boolean
    right: Boolean


@dataclass(frozen=True)
class Either:
    """P or Q."""

    left: Boolean
    right: Boolean


@dataclass(frozen=True)
class Compare:
    """C1 <= C2, or another comparison."""

    left: Integer
    operator: Comparison
    right: Integer


@dataclass(frozen=True)
class Exists:
    """exists(P): some j <= i has P; exists[i-j = k](P): the position k before i has P."""

    body: Boolean
    distances: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Count:
    """count(P): how many j <= i have P; with distances, only those i - j are looked at."""

    body: Boolean
    distances: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Number:
    """A constant integer >= 0."""

    value: int


@dataclass(frozen=True)
class Sum:
    """C1 + C2, or C1 - C2."""

    left: Integer
    operator: Literal["+", "-"]
    right: Integer


@dataclass(frozen=True)
class Choice:
    """if P then C1 else C2."""

    condition: Boolean
    then: Integer
    otherwise: Integer


@dataclass(frozen=True)
class Name:
    """An earlier operation."""

    name: str


Boolean = Symbol | Constant | Periodic | Not | Both | Either | Compare | Exists | Name
Integer = Count | Number | Sum | Choice | Name
Expression = Boolean | Integer


@dataclass(frozen=True)
class Operation:
    """name := expression; next_of: the symbol that it lets follow, for `NEXT[a] := ...`."""

    name: str
    expression: Expression
    boolean: bool
    next_of: str | None = None


@dataclass(frozen=True)
class Program:
    """Operations in order. An acceptor's last one is Boolean; a generator has NEXT operations."""

    operations: tuple[Operation, ...]

    @property
    def generates(self) -> bool:
        """Whether it says what follows, rather than accepts."""
        return any(operation.next_of is not None for operation in self.operations)


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
    match expression:
        case Not(body) | Exists(body) | Count(body):
            return (body,)
        case Both(left, right) | Either(left, right):
            return (left, right)
        case Compare(first, _, second) | Sum(first, _, second):
            return (first, second)
        case Choice(condition, then, otherwise):
            return (condition, then, otherwise)
        case _:
            return ()
