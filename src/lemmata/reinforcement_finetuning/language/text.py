"""A task on real text: say the characters that come next, and be rewarded for all of them or none.

A row of the task "prompt of 24, answer of 3" on a sentence of the text::

    "The data set contains 56" -> "9 s"

How likely a pretrained model is to say that varies from input to input by itself, and with it the
STD of the reward. The model is pretrained on the training rows; questions come from the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.language.questions import Questions, Tokens
from lemmata.training.batches import stream

UNKNOWN = 0  # the token of characters that pretraining never shows


@dataclass(frozen=True)
class Text:
    """data: a set of texts; prompt, answer: characters; questions: how many are asked."""

    data: str
    prompt: int
    answer: int
    questions: int


@dataclass(frozen=True)
class Corpus:
    """characters: those of the training rows, in order; known, fresh: tokens of all rows."""

    characters: str
    known: Tokens
    fresh: Tokens

    @property
    def vocabulary(self) -> int:
        """Characters and the unknown one."""
        return len(self.characters) + 1


def corpus_of(table: pd.DataFrame) -> Corpus:
    """The tokens of a prepared table of texts: rows of the training split, rows of the others."""
    texts = {
        training: "\n".join(table.loc[(table["split"] == "train") == training, "x_text"])
        for training in (True, False)
    }
    characters = "".join(sorted(set(texts[True])))
    known, fresh = (_tokens(characters, texts[training]) for training in (True, False))
    return Corpus(characters, known, fresh)


def questions(task: Text, corpus: Corpus, seed: int) -> Questions:
    """Distinct prompts at places of the fresh rows drawn without replacement.

    Raises LemmataError where the text has fewer. Where a prompt occurs again, its first answer
    counts.
    """
    windows = _windows(corpus.fresh, task.prompt + task.answer)
    order = stream(seed, "questions").permutation(len(windows))
    windows = windows[order]
    windows = windows[(windows != UNKNOWN).all(axis=1)]
    _, first = np.unique(windows[:, : task.prompt], axis=0, return_index=True)
    if len(first) < task.questions:
        raise LemmataError(
            f"{task.data}: {len(first)} prompts of {task.prompt}; asked: {task.questions}"
        )
    chosen = windows[np.sort(first)[: task.questions]]
    kind = np.full(len(chosen), task.data)
    return Questions(chosen[:, : task.prompt], chosen[:, task.prompt :], kind)


def pretraining_batch(task: Text, corpus: Corpus, seed: int, step: int, size: int) -> Tokens:
    """Rows (B, P + L) of the training text, at random places."""
    rng = stream(seed, "pretraining", step)
    length = task.prompt + task.answer
    start = rng.integers(0, len(corpus.known) - length + 1, size)
    rows: Tokens = corpus.known[start[:, None] + np.arange(length)]
    return rows


def _tokens(characters: str, text: str) -> Tokens:
    number = {character: place for place, character in enumerate(characters, start=1)}
    return np.array([number.get(character, UNKNOWN) for character in text], dtype=np.int64)


def _windows(tokens: Tokens, length: int) -> NDArray[np.int64]:
    if len(tokens) < length:
        raise LemmataError(f"a text of {len(tokens)} characters; needs {length}")
    return np.lib.stride_tricks.sliding_window_view(tokens, length)
