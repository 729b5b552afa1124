"""The tasks of the language models: what they ask, show in pretraining, and refuse to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lemmata.errors import LemmataError
from lemmata.reinforcement_finetuning.language import pretraining, sequences, text
from tests.unit.reinforcement_finetuning.language.settings import PRETRAINING


def test_permutations_of_a_marker_differ_at_every_symbol():
    task = sequences.Sequences(6, (0.0, 0.1, 0.5))
    known = sequences.permutations(task, 3)
    assert known.shape == (3, 4, 6)
    assert (np.sort(known, axis=2) == np.arange(6)).all()
    for marker in known:
        for symbol in range(6):
            assert len(set(marker[:, symbol])) == 4


def test_questions_are_all_prompts_with_their_target_permuted():
    task = sequences.Sequences(4, (0.0, 0.25))
    asked = sequences.questions(task, 1)
    known = sequences.permutations(task, 1)
    assert len({tuple(row) for row in asked.prompts}) == 2 * 4**3
    for prompt, target, kind in zip(*asked, strict=True):
        marker, said = prompt[0] - 4, prompt[1:4]
        assert prompt[4] == task.vocabulary - 1
        assert [known[marker, 0, s] for s in said] == list(target)
        assert kind == ("w = 0", "w = 0.25")[marker]


def test_pretraining_shows_the_target_with_its_weight_and_distractors_alike():
    task = sequences.Sequences(4, (0.0, 0.3))
    known = sequences.permutations(task, 0)
    rows = sequences.pretraining_batch(task, known, 0, 1, 40_000)
    for marker, weight in enumerate(task.weights):
        own = rows[rows[:, 0] == 4 + marker]
        shown = [
            (known[marker, which][own[:, 1:4]] == own[:, 5:]).all(axis=1).mean()
            for which in range(4)
        ]
        expected = [weight, *[(1 - weight) / 3] * 3]
        assert shown == pytest.approx(expected, abs=0.015)


def texts():
    words = ["alpha", "beta", "gamma", "delta"]
    rows = [" ".join(words[(k * j) % 4] for j in range(1, 9)) for k in range(30)]
    split = ["train", "train", "validation", "test", "train"] * 6
    return pd.DataFrame({"split": split, "x_text": rows})


def test_questions_of_a_text_are_places_of_its_fresh_rows():
    corpus = text.corpus_of(texts())
    asked = text.questions(text.Text("t", 6, 2, 20), corpus, 0)
    table = texts()
    fresh = "\n".join(table.loc[table["split"] != "train", "x_text"])

    def say(row):
        return "".join(corpus.characters[token - 1] for token in row)

    assert len({tuple(row) for row in asked.prompts}) == 20
    for prompt, target in zip(asked.prompts, asked.targets, strict=True):
        assert say(prompt) + say(target) in fresh
    batch = text.pretraining_batch(text.Text("t", 6, 2, 20), corpus, 0, 1, 50)
    known = "\n".join(table.loc[table["split"] == "train", "x_text"])
    assert all(say(row) in known for row in batch)
    with pytest.raises(LemmataError, match="prompts of 6; asked: 100000"):
        text.questions(text.Text("t", 6, 2, 100_000), corpus, 0)


def test_unknown_characters_are_in_no_question():
    table = texts()
    table.loc[table["split"] == "test", "x_text"] = "\u00e9" * 40
    corpus = text.corpus_of(table)
    asked = text.questions(text.Text("t", 4, 2, 10), corpus, 0)
    assert (corpus.fresh == text.UNKNOWN).any()
    assert (asked.prompts != text.UNKNOWN).all()


def test_a_task_must_be_one():
    with pytest.raises(LemmataError, match="one of sequences and text must be given"):
        pretraining.Settings(**{**PRETRAINING, "sequences": None})
    with pytest.raises(LemmataError, match="symbols = 3: must be >= 4"):
        sequences.Sequences(3, (0.5,))
    with pytest.raises(LemmataError, match="must be probabilities"):
        sequences.Sequences(4, (1.5,))
    settings = {**PRETRAINING, "sequences": None, "text": text.Text("t", 4, 2, 5)}
    with pytest.raises(LemmataError, match="needs a table of texts"):
        pretraining.task_of(pretraining.Settings(**settings))
