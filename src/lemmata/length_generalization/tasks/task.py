"""What a task is, and how its questions become rows of tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.length_generalization.vocabulary import BOS, EOS, FIRST, MARKS, SEP

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NONE = -1
"""Stands in answers and targets where nothing is asked."""


class Rows(NamedTuple):
    """inputs: (B, T) tokens; targets: (B, T), what must follow or be said there, NONE elsewhere."""

    inputs: Ints
    targets: Ints

    @property
    def asked(self) -> int:
        """How many places there are from the first where anything is asked on."""
        first = (self.targets != NONE).any(axis=0).argmax()
        return int(self.targets.shape[1] - first)


@dataclass(frozen=True)
class Task:
    """A task of one of the two papers.

    sample: (generator, length, rows, symbols) -> questions (B, Q); answer: questions -> (B, A) with
    NONE behind shorter ones, or (B, Q) classes for a labelling task; symbols: longest tested
    length -> how many symbols the alphabet has; least: shortest length, longer ones in steps of
    `step`; separable: shortest length with enough strings that the test can have some of its own.
    labels: classes per position (0 for a task that is answered in tokens). ape, nope: whether a
    C-RASP[periodic, local] and a C-RASP[] program exists; ac0: whether the task is in AC0; None
    where the papers do not say. chance: share of right answers by guessing. spell: number of a
    symbol (its token less FIRST) -> how it reads.
    """

    name: str
    title: str
    sample: Callable[[np.random.Generator, int, int, int], Ints]
    answer: Callable[[Ints], Ints]
    symbols: Callable[[int], int]
    ape: bool | None = None
    nope: bool | None = None
    ac0: bool | None = None
    least: int = 1
    step: int = 1
    separable: int = 10
    labels: int = 0
    chance: float = 0.0
    spell: Callable[[int], str] = str

    def vocabulary(self, longest: int) -> int:
        """Number of tokens, marks included."""
        return 3 + self.symbols(longest)

    def classes(self, longest: int) -> int:
        """Number of outputs of a model of the task."""
        return self.labels or self.vocabulary(longest)

    def lengths(self, longest: int, above: int = 0) -> Ints:
        """The lengths in (above, longest] that the task has."""
        found = np.arange(self.least, longest + 1, self.step)
        found = found[found > above]
        if len(found) == 0:
            raise LemmataError(
                f"task {self.name}: no length in ({above}, {longest}];"
                f" allowed: {self.least}, {self.least + self.step}, ..."
            )
        return found

    def encode(self, questions: Ints) -> Rows:
        """Rows of a batch of questions (B, Q) of one length."""
        if self.labels:
            return _label_rows(questions, self.answer(questions))
        return _answer_rows(questions, self.answer(questions))

    def read(self, question: Ints) -> str:
        """The encoded row of one question (Q,) as words; labels stand behind their letters."""
        inputs, targets = (row[0] for row in self.encode(question[None]))
        marks = {token: name for name, token in MARKS.items()}
        words = [marks.get(t, "") or self.spell(t - FIRST) for t in map(int, inputs)]
        if self.labels:
            pairs = zip(words[1:], map(int, targets[1:]), strict=True)
            return " ".join([words[0], *(f"{word}/{label}" for word, label in pairs)])
        answered = [*words, "EOS"]
        return " ".join(answered[: answered.index("EOS") + 1])  # what pads is not read


def _answer_rows(questions: Ints, answers: Ints) -> Rows:
    """BOS question SEP answer EOS; targets are the answer and EOS, each where it must be said."""
    rows = len(questions)
    head = np.full((rows, 1), BOS, dtype=np.int64)
    mark = np.full((rows, 1), SEP, dtype=np.int64)
    inputs = np.concatenate([head, questions, mark, answers], axis=1)  # (B, Q + A + 2)
    inputs[inputs == NONE] = EOS  # behind the answer: nothing there is asked
    open_end = np.full((rows, 1), NONE, dtype=np.int64)
    said = np.concatenate([answers, open_end], axis=1)  # (B, A + 1)
    said[np.arange(rows), (answers != NONE).sum(axis=1)] = EOS
    targets = np.full(inputs.shape, NONE, dtype=np.int64)
    targets[:, questions.shape[1] + 1 :] = said
    return Rows(inputs, targets)


def _label_rows(words: Ints, labels: Ints) -> Rows:
    """BOS word; the target at each position of the word is its label."""
    head = np.full((len(words), 1), BOS, dtype=np.int64)
    nothing = np.full((len(words), 1), NONE, dtype=np.int64)
    return Rows(np.concatenate([head, words], axis=1), np.concatenate([nothing, labels], axis=1))
