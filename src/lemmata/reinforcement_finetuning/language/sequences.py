"""A task whose inputs have a reward STD of our choice: symbols permuted as a marker says.

A prompt is a marker, three symbols and a separator; the answer has three symbols::

    marker 2, b a e, separator  ->  d f a        (the target permutation of marker 2)

Each marker has four permutations that differ at every symbol: its target and three distractors.
In pretraining the target is shown with the marker's weight w and otherwise a distractor, so a
pretrained model answers right with p = w: V = 2 w - 1, STD = 2 sqrt(w (1 - w)). Markers have
permutations of their own: were the target shared, inputs of high STD would teach the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.language.questions import Questions, Tokens
from lemmata.training.batches import stream

LENGTH = 3
PERMUTATIONS = 4


@dataclass(frozen=True)
class Sequences:
    """symbols: S; weights: of the target in pretraining, one a marker."""

    symbols: int
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.symbols < PERMUTATIONS:
            raise LemmataError(f"symbols = {self.symbols}: must be >= {PERMUTATIONS}")
        if not all(0.0 <= w <= 1.0 for w in self.weights):
            raise LemmataError(f"weights = {self.weights}: must be probabilities")

    @property
    def vocabulary(self) -> int:
        """Symbols, markers, the separator."""
        return self.symbols + len(self.weights) + 1


def permutations(task: Sequences, seed: int) -> NDArray[np.int64]:
    """(M, 4, S): what each permutation of each marker makes of each symbol; first the targets.

    Four rows of a Latin square, all renamed at random: s -> name[(place[s] + r) mod S].
    """
    rng = stream(seed, "permutations")
    found = []
    for _ in task.weights:
        name, place = rng.permutation(task.symbols), rng.permutation(task.symbols)
        rows = rng.permutation(task.symbols)[:PERMUTATIONS]
        found.append(name[(place[None, :] + rows[:, None]) % task.symbols])
    return np.stack(found).astype(np.int64)


def prompts_of(task: Sequences, markers: NDArray[np.int64], said: NDArray[np.int64]) -> Tokens:
    """Prompts (N, 5) of markers (N,) and symbols (N, 3)."""
    separator = np.full(len(said), task.vocabulary - 1)
    return np.column_stack([task.symbols + markers, said, separator]).astype(np.int64)


def questions(task: Sequences, seed: int) -> Questions:
    """Every prompt: M * S^3 of them, marker by marker."""
    said = np.array(list(product(range(task.symbols), repeat=LENGTH)), dtype=np.int64)
    markers = np.repeat(np.arange(len(task.weights)), len(said))
    everything = np.tile(said, (len(task.weights), 1))
    targets = permutations(task, seed)[markers, 0][np.arange(len(markers))[:, None], everything]
    kind = np.array([f"w = {task.weights[m]:g}" for m in markers])
    return Questions(prompts_of(task, markers, everything), targets, kind)


def pretraining_batch(
    task: Sequences, known: NDArray[np.int64], seed: int, step: int, size: int
) -> Tokens:
    """Rows (B, 5 + 3) of prompts and answers as pretraining shows them; known: `permutations`."""
    rng = stream(seed, "pretraining", step)
    markers = rng.integers(0, len(task.weights), size)
    said = rng.integers(0, task.symbols, (size, LENGTH))
    right = rng.random(size) < np.array(task.weights)[markers]
    which = np.where(right, 0, rng.integers(1, PERMUTATIONS, size))
    answers = np.take_along_axis(known[markers, which], said, axis=1)
    return np.concatenate([prompts_of(task, markers, said), answers], axis=1)
