"""Which strings are trained on and which are tested on, as functions of (task, seed, step).

A string belongs to the test where its own hash says so, and is then never trained on; it takes an
eighth of the strings of every length that has enough of them (`Task.separable`). Shorter lengths
have too few strings to part, so there both see all. No hash of Python's is used.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.length_generalization.tasks.table import TASKS
from lemmata.length_generalization.tasks.task import NONE, Bools, Ints, Rows, Task
from lemmata.training.batches import stream

TEST_SHARE: Final = 8
"""One string in so many is the test's own."""
BINS: Final = ("in_distribution", "half_longer", "twice_as_long", "three_times_as_long")
"""Lengths of [1, L], (L, 1.5 L], (1.5 L, 2 L] and (2 L, 3 L] for training lengths up to L."""
ROWS_OF_A_TASK: Final = 1_000_000
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
    task: Task, seed: int, step: int, train_length: int, reach: int, rows: int, parts: int
) -> list[Rows]:
    """The batch of a step: `parts` groups, each of one length: nothing is padded.

    Lengths come in random order, each once before any comes again: as uniform as single draws, and
    steps next to each other differ less in what they ask.
    """
    rng = stream(seed, f"length generalization {task.name}", step)
    lengths = task.lengths(train_length)
    symbols = task.symbols(reach * train_length)
    found = []
    for place in range((step - 1) * parts, step * parts):
        turn, index = divmod(place, len(lengths))
        length = int(lengths[_order(task.name, seed, turn, len(lengths))[index]])
        found.append(task.encode(draw(task, rng, length, rows // parts, symbols, test=False)))
    return found


@lru_cache(maxsize=2)  # the turn under way and the one that a step may begin
def _order(name: str, seed: int, turn: int, count: int) -> NDArray[np.int64]:
    """In which order `count` lengths come in one turn."""
    order = stream(seed, f"lengths {name}", turn).permutation(count)  # (count,)
    order.setflags(write=False)
    return order


def asked_in_a_row(task: Task, train_length: int, reach: int) -> float:
    """How much is asked in a training row on average: tokens of the answer, or labels."""
    symbols = task.symbols(reach * train_length)
    counts = []
    for length in map(int, task.lengths(train_length)):
        questions = task.sample(stream(0, f"asked {task.name}", length), length, 64, symbols)
        counts.append(float((task.encode(questions).targets != NONE).sum(axis=1).mean()))
    return float(np.mean(counts))


def test_strings(
    task: Task, train_length: int, reach: int, strings: int
) -> list[tuple[str, int, Ints]]:
    """(bin, length, questions) of the test up to `reach` L: about `strings` questions a bin.

    Questions of a length are distinct; lengths share a bin's strings equally, and one that has
    fewer strings gives what it has. The same for every seed of a task.
    """
    found = []
    symbols = task.symbols(reach * train_length)
    bounds = (0, train_length, train_length * 3 // 2, train_length * 2, train_length * 3)
    for number, name in enumerate(BINS[: reach + 1]):
        lengths = task.lengths(bounds[number + 1], above=bounds[number])
        share = -(-strings // len(lengths))
        for length in map(int, lengths):
            rng = stream(0, f"test strings {task.name} {train_length}", length)
            questions = draw(task, rng, length, 2 * share, symbols, test=True)
            _, first = np.unique(questions, axis=0, return_index=True)
            found.append((name, length, questions[np.sort(first)[:share]]))
    return found


def rows_frame(task: Task, train_length: int, reach: int, strings: int) -> pd.DataFrame:
    """One row a test string: row, split (validation or test), bin, length.

    row: unique over all tasks, whatever others are run, so that tables of tasks can stand together.
    """
    parts = test_strings(task, train_length, reach, strings)
    counts = [len(questions) for _, _, questions in parts]
    first = list(TASKS).index(task.name) * ROWS_OF_A_TASK
    rows = first + np.arange(sum(counts))
    return pd.DataFrame(
        {
            "row": rows,
            "split": np.where(rows % 2 == 0, "validation", "test"),
            "bin": np.repeat([name for name, _, _ in parts], counts),
            "length": np.repeat([length for _, length, _ in parts], counts),
        }
    )


def bin_flags(rows: pd.DataFrame) -> pd.DataFrame:
    """row, and for each bin of lengths whether the row is in it: g_in_distribution, ..."""
    return rows[["row"]].assign(**{f"g_{name}": rows["bin"] == name for name in BINS})
