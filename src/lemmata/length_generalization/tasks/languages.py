"""The formal languages of arXiv 2410.02140 as automata: exact sampling, labels for every prefix.

A string of length n is drawn uniformly from the language's strings of that length. The label at a
position is the set of symbols that may follow there, "end" among them where the prefix is in the
language; label numbers belong to the language, not to the string [the official encoding numbers
them string by string through an unordered set, which makes its training labels clash].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.length_generalization.tasks.task import Ints, Task
from lemmata.length_generalization.vocabulary import FIRST

DEAD: Final = -1


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton without its dead state.

    alphabet: symbols as letters; moves: state -> one next state a letter, DEAD for none; accepting:
    states in which a word may end. The start is state 0; from each state an end can be reached.
    """

    alphabet: str
    moves: tuple[tuple[int, ...], ...]
    accepting: frozenset[int]

    @cached_property
    def table(self) -> Ints:
        """(states + 1, letters): the moves, with the dead state as last row."""
        dead = len(self.moves)
        rows = np.array([*self.moves, (dead,) * len(self.alphabet)], dtype=np.int64)
        return np.where(rows == DEAD, dead, rows)

    @cached_property
    def labels(self) -> Ints:
        """The label of each state: equal where the same symbols may follow, the end included."""
        follow = [
            (state in self.accepting, *(move != DEAD for move in moves))
            for state, moves in enumerate(self.moves)
        ]
        order = sorted(set(follow))
        return np.array([order.index(said) for said in follow], dtype=np.int64)

    def states(self, words: Ints) -> Ints:
        """States (B, T) after each letter of words (B, T) of letter numbers 0, 1, ..."""
        found = np.empty(words.shape, dtype=np.int64)
        state = np.zeros(len(words), dtype=np.int64)
        for place in range(words.shape[1]):
            state = self.table[state, words[:, place]]
            found[:, place] = state
        return found

    def accepts(self, words: Ints) -> NDArray[np.bool_]:
        """Whether each word (B, T), T >= 1, is in the language."""
        return np.isin(self.states(words)[:, -1], list(self.accepting))

    def weights(self, length: int) -> NDArray[np.float64]:
        """(length + 1, states): row t has the share, up to a factor, of endings of t letters."""
        states = len(self.moves)
        found = np.zeros((length + 1, states + 1))
        found[0, list(self.accepting)] = 1.0
        for t in range(1, length + 1):
            found[t, :states] = found[t - 1][self.table[:states]].sum(axis=1)
            found[t] /= max(found[t].max(), 1e-300)  # counts grow beyond floats; ratios matter
        return found

    def sample(self, rng: np.random.Generator, length: int, rows: int) -> Ints:
        """Words (rows, length) of letter numbers, uniform over the language's of this length."""
        weights = self.weights(length)
        if weights[length, 0] == 0.0:
            raise LemmataError(f"language over {self.alphabet!r}: no word has length {length}")
        state = np.zeros(rows, dtype=np.int64)
        found = np.empty((rows, length), dtype=np.int64)
        for place in range(length):
            share = weights[length - place - 1][self.table[state]]  # (rows, letters)
            reach = share.cumsum(axis=1)
            drawn = rng.random(rows)[:, None] * reach[:, -1:]
            letter = (drawn >= reach).sum(axis=1)
            found[:, place] = letter
            state = self.table[state, letter]
        return found


def bounded_dyck(depth: int) -> Automaton:
    """D_depth: D_1 = (ab)*, D_n = (a D_(n-1) b)*; the state is the depth."""
    moves = tuple(
        (level + 1 if level < depth else DEAD, level - 1 if level else DEAD)
        for level in range(depth + 1)
    )
    return Automaton("ab", moves, frozenset([0]))


def _automaton(alphabet: str, moves: Sequence[Sequence[int]], accepting: set[int]) -> Automaton:
    return Automaton(alphabet, tuple(tuple(row) for row in moves), frozenset(accepting))


def _tomita_3() -> Automaton:
    """No odd run of 1s that is followed at once by an odd run of 0s, at the end included.

    States: 0 fine, 1 odd run of 1s, 2 odd 0s after an odd run of 1s, 3 even 0s after one.
    """
    return _automaton("01", [(0, 1), (2, 0), (3, DEAD), (2, 1)], {0, 1, 3})


AUTOMATA: Final[dict[str, Automaton]] = {
    "tomita_1": _automaton("01", [(DEAD, 0)], {0}),
    "tomita_2": _automaton("01", [(DEAD, 1), (0, DEAD)], {0}),
    "tomita_3": _tomita_3(),
    "tomita_4": _automaton("01", [(1, 0), (2, 0), (DEAD, 0)], {0, 1, 2}),
    "tomita_5": _automaton("01", [(1, 2), (0, 3), (3, 0), (2, 1)], {0}),
    "tomita_6": _automaton("01", [(1, 2), (2, 0), (0, 1)], {0}),
    "tomita_7": _automaton("01", [(0, 1), (2, 1), (2, 3), (DEAD, 3)], {0, 1, 2, 3}),
    "dyck_2": bounded_dyck(2),
    "dyck_3": bounded_dyck(3),
    "dyck_4": bounded_dyck(4),
    "dyck_12": bounded_dyck(12),
    "even_a": _automaton("a", [(1,), (0,)], {0}),
    "fourth_a": _automaton("a", [(1,), (2,), (3,), (0,)], {0}),
    "abab": _automaton("ab", [(1, DEAD), (DEAD, 2), (3, DEAD), (DEAD, 0)], {0}),
    "ab_d_bc": _automaton("abcd", [(0, 0, DEAD, 1), (DEAD, 1, 1, DEAD)], {1}),
    "a_to_e": _automaton(
        "abcde",
        [
            (1, DEAD, DEAD, DEAD, DEAD),
            (1, 2, DEAD, DEAD, DEAD),
            (DEAD, 2, 3, DEAD, DEAD),
            (DEAD, DEAD, 3, 4, DEAD),
            (DEAD, DEAD, DEAD, 4, 5),
            (DEAD, DEAD, DEAD, DEAD, 5),
        ],
        {5},
    ),
    "last_0_then_2": _automaton("012", [(1, 0, 0), (1, 0, 1)], {1}),
}
"""The languages by name; see LANGUAGES for what each is."""


def _task(
    name: str,
    title: str,
    ape: bool,
    nope: bool,
    ac0: bool,
    least: int = 1,
    step: int = 1,
    separable: int = 1 << 30,
) -> Task:
    automaton = AUTOMATA[name]
    letters = len(automaton.alphabet)

    def sample(rng: np.random.Generator, length: int, rows: int, _symbols: int) -> Ints:
        return FIRST + automaton.sample(rng, length, rows)

    def answer(words: Ints) -> Ints:
        return automaton.labels[automaton.states(words - FIRST)]

    labels = int(automaton.labels.max()) + 1
    return Task(
        name,
        title,
        sample,
        answer,
        lambda _: letters,
        ape=ape,
        nope=nope,
        ac0=ac0,
        least=least,
        step=step,
        separable=separable,
        labels=max(labels, 2),
        spell=lambda n: automaton.alphabet[n],
    )


LANGUAGES: Final = (
    _task("dyck_2", "D2", True, True, True, least=2, step=2, separable=24),
    _task("dyck_3", "D3", True, True, True, least=2, step=2, separable=20),
    _task("dyck_4", "D4", True, True, True, least=2, step=2, separable=18),
    _task("dyck_12", "D12", True, True, True, least=2, step=2, separable=18),
    _task("tomita_1", "Tomita 1", True, True, True),
    _task("tomita_2", "Tomita 2", True, True, True, least=2, step=2),
    _task("tomita_3", "Tomita 3", False, False, True, separable=14),
    _task("tomita_4", "Tomita 4", True, False, True, separable=13),
    _task("tomita_5", "Tomita 5", False, False, False, least=2, step=2, separable=14),
    _task("tomita_6", "Tomita 6", False, False, False, least=2, separable=14),
    _task("tomita_7", "Tomita 7", True, True, True, separable=24),
    _task("a_to_e", "aa*bb*cc*dd*ee*", True, True, True, least=5, separable=24),
    _task("ab_d_bc", "{a,b}*d{b,c}*", True, True, True, separable=9),
    _task("last_0_then_2", "{0,1,2}*02*", False, False, True, separable=9),
    _task("even_a", "(aa)*", True, False, True, least=2, step=2),
    _task("fourth_a", "(aaaa)*", True, False, True, least=4, step=4),
    _task("abab", "(abab)*", True, False, True, least=4, step=4),
)
