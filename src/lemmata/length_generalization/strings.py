"""Which strings are trained on and which are tested on, as functions of (task, seed, step).

A string belongs to the test where its own hash says so, and is then never trained on; it takes an
eighth of the strings of every length that has enough of them (`Task.separable`). Shorter lengths
have too few strings to part, so there both see all. No hash of Python's is used.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.length_generalization.tasks.task import Bools, Ints, Rows, Task
from lemmata.training.batches import stream

TEST_SHARE: Final = 8
"""One string in so many is the test's own."""
BINS: Final = ("in_distribution", "half_longer", "twice_as_long")
"""Lengths of [1, L], (L, 1.5 L] and (1.5 L, 2 L] for training lengths up to L."""
_MULTIPLIERS: Final[NDArray[np.uint64]] = np.random.Generator(np.random.Philox(key=1)).integers(
    0, 2**64, 4096, dtype=np.uint64
) | np.uint64(1)


def for_test(questions: Ints) -> Bools:
    """Whether each question (B, Q) is the test's own, by its hash alone."""
    length = questions.shape[1]
    mixed = (questions.astype(np.uint64) * _MULTIPLIERS[:length]).sum(axis=1, dtype=np.uint64)
    mixed += np.uint64(length)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    found: Bools = mixed % np.uint64(TEST_SHARE) == 0
    return found


def draw(
    task: Task, rng: np.random.Generator, length: int, rows: int, symbols: int, test: bool
) -> Ints:
    """Questions (rows, Q) of one length for the test or for training."""
    if length < task.separable:
        return task.sample(rng, length, rows, symbols)
    kept: list[Ints] = []
    while (missing := rows - sum(map(len, kept))) > 0:
        drawn = task.sample(rng, length, missing * (TEST_SHARE + 2 if test else 2), symbols)
        kept.append(drawn[for_test(drawn) == test][:missing])
    return np.concatenate(kept)


def train_batch(
    task: Task, seed: int, step: int, train_length: int, rows: int, parts: int
) -> list[Rows]:
    """The batch of a step: `parts` groups, each of one random length: nothing is padded."""
    rng = stream(seed, f"length generalization {task.name}", step)
    lengths = rng.choice(task.lengths(train_length), parts)
    symbols = task.symbols(train_length)
    return [
        task.encode(draw(task, rng, int(length), rows // parts, symbols, test=False))
        for length in lengths
    ]


def test_strings(task: Task, train_length: int, strings: int) -> list[tuple[str, int, Ints]]:
    """(bin, length, questions) of the test: about `strings` distinct questions a bin.

    Lengths share a bin's strings equally; a length that has fewer strings gives what it has. The
    same for every seed of a task.
    """
    found = []
    symbols = task.symbols(train_length)
    bounds = (0, train_length, train_length * 3 // 2, train_length * 2)
    for number, name in enumerate(BINS):
        lengths = task.lengths(bounds[number + 1], above=bounds[number])
        share = -(-strings // len(lengths))
        for length in map(int, lengths):
            rng = stream(0, f"test strings {task.name} {train_length}", length)
            questions = draw(task, rng, length, 2 * share, symbols, test=True)
            _, first = np.unique(questions, axis=0, return_index=True)
            found.append((name, length, questions[np.sort(first)[:share]]))
    return found


def rows_frame(task: Task, train_length: int, strings: int) -> pd.DataFrame:
    """One row a test string: row, bin, length, split (validation or test) and flags of the bins."""
    parts = test_strings(task, train_length, strings)
    table = pd.DataFrame(
        {
            "bin": np.repeat([name for name, _, _ in parts], [len(q) for _, _, q in parts]),
            "length": np.repeat([n for _, n, _ in parts], [len(q) for _, _, q in parts]),
        }
    )
    table.insert(0, "row", np.arange(len(table)))
    table.insert(1, "split", np.where(table["row"] % 2 == 0, "validation", "test"))
    for name in BINS:
        table[f"g_{name}"] = table["bin"] == name
    return table
