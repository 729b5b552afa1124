"""Limit transformers compute their tasks at every length, and softmax is not what makes it so."""

import numpy as np
import pytest

from lemmata.errors import LemmataError
from lemmata.length_generalization.crasp.evaluate import accepts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import ACCEPTORS
from lemmata.length_generalization.limit.transformer import answers, binary_majority, unique_copy
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.length_generalization.vocabulary import BOS, EOS, FIRST, SEP
from tests.unit.length_generalization.words import all_words, distinct

LENGTHS = [10, 30, 100, 300, 1000]


@pytest.mark.parametrize("length", LENGTHS)
def test_binary_majority_at_lengths_10_to_1000(length):
    model, rng = binary_majority(), np.random.default_rng(length)
    for ones in (0, length // 3, length // 2 - 1, length // 2 + 1, length):  # the closest included
        bits = np.full(length, FIRST)
        bits[rng.permutation(length)[:ones]] += 1
        found = answers(model, [BOS, *bits, SEP])
        assert found[-1] == TASKS["binary_majority"].answer(bits[None])[0, 0]


def test_binary_majority_is_its_c_rasp_program_on_every_word():
    model, program = binary_majority(), parse(ACCEPTORS["binary_majority"])
    for words in all_words(2, 9):
        untied = words[2 * words.sum(axis=1) != words.shape[1]]
        found = [answers(model, [BOS, *(FIRST + word), SEP])[-1] - FIRST for word in untied]
        np.testing.assert_array_equal(found, accepts(program, untied, {"0": 0, "1": 1}))


@pytest.mark.parametrize("length", LENGTHS)
def test_unique_copy_at_lengths_10_to_1000(length):
    symbols = length + 3
    task, rng = TASKS["unique_copy"], np.random.default_rng(length)
    question = task.sample(rng, length, 1, symbols)[0]
    row = [BOS, *question, SEP, *question]
    found = answers(unique_copy(symbols), row)
    assert found[length + 1 :].tolist() == [*question, EOS]


def test_unique_copy_on_every_question():
    model = unique_copy(5)
    for questions in distinct(5, 5):
        for question in questions:
            found = answers(model, [BOS, *question, SEP, *question])
            assert found[len(question) + 1 :].tolist() == [*question, EOS]


def test_attention_to_what_is_not_meant_vanishes_with_the_length():
    # The score of the right token is the attention it gets, through two layers.
    for length in (10, 100, 1000):
        model = unique_copy(length)
        question = FIRST + np.arange(length)
        scores = model.scores([BOS, *question, SEP, *question])[length + 1 :]
        right = scores[np.arange(length + 1), [*question, EOS]]
        n = 2 * length + 2
        assert right.min() >= 1 - 4 * n ** (1 - 3.0)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([], r"tokens of shape \(0,\); needs \(T,\)"),
        ([[1, 2]], r"tokens of shape \(1, 2\)"),
        ([0, 99], "unknown token; allowed: 0 to 4"),
        ([0.5], "needs"),
    ],
)
def test_wrong_tokens_are_one_line(tokens, message):
    with pytest.raises(LemmataError, match=message):
        answers(binary_majority(), tokens)
