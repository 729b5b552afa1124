"""RASP-L: operations against plain loops, programs against oracles on every question."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lemmata.errors import LemmataError
from lemmata.length_generalization.rasp import beyond, programs
from lemmata.length_generalization.rasp import library as lib
from lemmata.length_generalization.rasp.core import (
    EQUALS,
    GT,
    LEQ,
    Function,
    aggr_max,
    aggr_mean,
    full,
    kqv,
    sel_width,
    select,
    seq_map,
    tokens,
    where,
)
from lemmata.length_generalization.rasp.programs import (
    ADDITION_HINTS,
    HINTS,
    PLUS,
    Program,
    program_trace,
)
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.length_generalization.tasks.task import NONE, Ints
from lemmata.length_generalization.vocabulary import BOS, EOS, FIRST, SEP
from tests.unit.length_generalization.words import all_words, distinct, untied

batches = arrays(
    np.int64, st.tuples(st.integers(1, 3), st.integers(1, 6)), elements=st.integers(-3, 3)
)


def looped(k, q, v, predicate, default, reduction):
    """One attention head by its definition."""
    out = np.empty_like(q)
    for b, i in np.ndindex(*q.shape):
        chosen = [v[b, j] for j in range(i + 1) if predicate(k[b, j], q[b, i])]
        if not chosen:
            out[b, i] = default
        elif reduction == "mean":
            out[b, i] = int(sum(chosen) / len(chosen))  # truncates towards zero
        else:
            out[b, i] = (max if reduction == "max" else min)(chosen)
    return out


@given(x=batches, reduction=st.sampled_from(["mean", "max", "min"]), shift=st.integers(-2, 2))
def test_an_attention_head_is_its_definition(x, reduction, shift) -> None:
    k, q, v = x, x + shift, x * 2 - 1
    for function, plain in ((EQUALS, int.__eq__), (GT, int.__gt__), (LEQ, int.__le__)):
        found = kqv(tokens(k), tokens(q), tokens(v), function, -7, reduction)
        said = looped(k, q, v, lambda a, b, plain=plain: plain(int(a), int(b)), -7, reduction)
        np.testing.assert_array_equal(found.values, said)


def test_key_comes_first_and_means_truncate() -> None:
    x = tokens([3, 1, 2])
    assert select(x, x, GT)[0].tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]
    assert select(x, x, GT, causal=False)[0].tolist() == [[0, 0, 0], [1, 0, 1], [1, 0, 0]]
    everything = select(x, x, Function("any", lambda k, q: np.ones(np.broadcast(k, q).shape)))
    assert aggr_mean(everything, tokens([-3, 0, 1])).values.tolist() == [[-3, -1, 0]]
    nothing = np.zeros((1, 3, 3), dtype=bool)
    assert aggr_mean(nothing, x, 9).values.tolist() == [[9, 9, 9]]
    assert aggr_max(nothing, x, -9).values.tolist() == [[-9, -9, -9]]
    assert sel_width(everything).values.tolist() == [[1, 2, 3]]


LIBRARY = {  # by plain Python on one sequence at one position
    "cumsum": (lib.cumsum, lambda x, i: sum(v != 0 for v in x[: i + 1])),
    "maximum": (lib.maximum, lambda x, i: max(x[: i + 1])),
    "minimum": (lib.minimum, lambda x, i: min(x[: i + 1])),
    "argmax": (lib.argmax, lambda x, i: x.index(max(x[: i + 1]))),
    "argmin": (lib.argmin, lambda x, i: x.index(min(x[: i + 1]))),
    "num_prev": (lambda x: lib.num_prev(x, x), lambda x, i: x[: i + 1].count(x[i])),
    "firsts": (lambda x: lib.firsts(x, full(x, 1)), lambda x, i: [*x[: i + 1], 1].index(1)),
    "shift_right": (lambda x: lib.shift_right(x, 2, 8), lambda x, i: x[i - 2] if i >= 2 else 8),
    "first_true": (lib.first_true, lambda x, i: next((j for j in range(i + 1) if x[j]), -1)),
    "mode": (lib.mode, lambda x, i: max(x[: i + 1], key=x[: i + 1].count)),
    "binary_mode": (
        lib.binary_mode,
        lambda x, i: int(x[: i + 1].count(1) > x[: i + 1].count(0)),
    ),
    "index_select": (
        lambda x: lib.index_select(x, x, 5),
        lambda x, i: x[x[i]] if 0 <= x[i] <= i else 5,
    ),
    "has_seen": (lambda x: lib.has_seen(x, full(x, 2)), lambda x, i: int(2 in x[: i + 1])),
    "equals": (lambda x: lib.equals(x, full(x, 1)), lambda x, i: int(x[i] == 1)),
    "leq": (lambda x: lib.leq(x, full(x, 1)), lambda x, i: int(x[i] <= 1)),
    "lt": (lambda x: lib.lt(x, full(x, 1)), lambda x, i: int(x[i] < 1)),
    "geq": (lambda x: lib.geq(x, full(x, 1)), lambda x, i: int(x[i] >= 1)),
    "gt": (lambda x: lib.gt(x, full(x, 1)), lambda x, i: int(x[i] > 1)),
    "mask": (lambda x: lib.mask(x, lib.is_token(x, 2), 7), lambda x, i: 7 if x[i] == 2 else x[i]),
    "lasts": (
        lambda x: lib.lasts(x, full(x, 1)),
        lambda x, i: max((j for j in range(i + 1) if x[j] == 1), default=-1),
    ),
    "where": (
        lambda x: where(x, full(x, 4), lib.shift_right(x, 1)),
        lambda x, i: 4 if x[i] else ([0, *x][i]),
    ),
}


@pytest.mark.parametrize("name", LIBRARY)
def test_library_against_plain_python(name: str) -> None:
    operation, plain = LIBRARY[name]
    for words in all_words(3, 6):
        found = operation(tokens(words)).values
        for row, word in zip(found.tolist(), words.tolist(), strict=True):
            expected = [plain(word, i) for i in range(len(word))]
            if name == "firsts":
                expected = [-1 if p == i + 1 else p for i, p in enumerate(expected)]
            if name == "mode":  # of equals the one that got to that count first
                expected = [_mode(word[: i + 1]) for i in range(len(word))]
            assert row == expected


def _mode(word: list[int]) -> int:
    counts = [word[: i + 1].count(v) for i, v in enumerate(word)]
    return word[counts.index(max(counts))]


def test_induction_heads() -> None:
    x = tokens([5, 6, 7, 5, 6, 7])
    assert lib.induct(x, x, 1).values.tolist() == [[0, 0, 0, 6, 7, 5]]
    assert lib.induct_prev(x, x, -1).values.tolist() == [[0, 5, 6, 0, 5, 6]]
    values = tokens([1, 2, 3, 4, 5, 6])
    assert lib.induct_kqv(x, x, values, 2).values.tolist() == [[0, 0, 0, 3, 4, 5]]
    assert lib.lasts(x, full(x, 5)).values.tolist() == [[0, 0, 0, 3, 3, 3]]


def questions_of(task: str) -> Iterator[Ints]:
    """Every question that the fact sheet counts (section B4), in batches of one length."""
    if task in ("majority", "mode"):
        yield from untied(3, 7)
    elif task == "unique_copy":
        yield from distinct(5, 5, shortest=0)
    elif task == "sort":
        yield from distinct(6, 5)
    elif task == "count":
        for n in range(1, 15):
            yield FIRST + np.array([[a, a + n - 1] for a in range(12) if a + n - 1 <= 13]).reshape(
                -1, 2
            )
    elif task in ("parity_running", "parity_ones"):
        for words in all_words(2, 8):
            hints = HINTS + np.broadcast_to(np.arange(words.shape[1]), words.shape)
            yield np.stack([hints, FIRST + words], axis=2).reshape(len(words), -1)


PROGRAMS: dict[str, tuple[Program, int]] = {
    "majority": (programs.majority, 2_589),
    "unique_copy": (programs.unique_copy, 326),
    "sort": (programs.sort, 1_236),
    "count": (programs.count, 102),
    "parity_running": (programs.parity_running, 510),
    "parity_ones": (programs.parity_ones, 510),
}


def mismatches(program: Program, task: str, questions: Ints) -> int:
    rows = TASKS[task].encode(questions)
    said = program(tokens(rows.inputs)).values
    return int(((said != rows.targets) & (rows.targets != NONE)).any(axis=1).sum())


@pytest.mark.parametrize("task", PROGRAMS)
def test_programs_on_every_question(task: str) -> None:
    program, total = PROGRAMS[task]
    seen = 0
    for questions in questions_of(task):
        assert mismatches(program, task, questions) == 0
        seen += len(questions)
    assert seen == total


def test_and_on_every_question() -> None:
    for words in all_words(2, 12):
        rows = np.pad(FIRST + words, ((0, 0), (1, 0)), constant_values=BOS)
        rows = np.pad(rows, ((0, 0), (0, 1)), constant_values=SEP)
        said = programs.boolean_and(tokens(rows)).values[:, -1]
        np.testing.assert_array_equal(said, FIRST + words.all(axis=1))


def hinted(summands: Ints, width: int, start: int) -> Ints:
    """Rows of `sample_hinted_addition` for summands (B, 2)."""
    digits = summands[:, :, None] // 10 ** np.arange(width - 1, -1, -1) % 10
    hints = np.broadcast_to(ADDITION_HINTS + start + np.arange(width), digits.shape)
    rows = np.stack([hints, FIRST + digits], axis=3).reshape(len(summands), 2, -1)
    plus = np.full((len(summands), 1), PLUS)
    return np.concatenate([rows[:, 0], plus, rows[:, 1]], axis=1)


@pytest.mark.parametrize(
    ("task", "program"),
    [
        ("addition_reverse", programs.addition_reverse),
        ("addition_forward", programs.addition_forward),
    ],
)
def test_addition_of_every_pair_below_100_and_of_long_numbers(task: str, program: Program) -> None:
    pairs = np.array(list(itertools.product(range(100), repeat=2)))
    rng = np.random.default_rng(0)
    long = rng.integers(0, 10**6, (1_400, 2))
    nines = np.array([[999_999, 1], [99_999, 900_001], [123_456, 876_543], [123_457, 876_543]])
    for summands, width in ((pairs, 3), (long, 7), (nines, 7)):
        questions = hinted(summands, width, start=2)
        assert mismatches(program, task, questions) == 0
        answers = TASKS[task].answer(questions)[:, 1::2] - FIRST
        if task == "addition_reverse":
            answers = answers[:, ::-1]
        value = answers @ 10 ** np.arange(width - 1, -1, -1)
        np.testing.assert_array_equal(value, summands.sum(axis=1))


def test_generated_answer_equals_the_taught_one() -> None:
    """Run a program, read its last position, append: as it would be used."""
    question = hinted(np.array([[957, 68]]), 4, start=0)
    rows = TASKS["addition_reverse"].encode(question)
    written = [BOS, *question[0].tolist(), SEP]
    while written[-1] != EOS:
        written.append(int(programs.addition_reverse(tokens(written)).values[0, -1]))
    assert written == [*rows.inputs[0].tolist(), EOS]


def test_unique_copy_is_wrong_on_repeats() -> None:
    wrong = [
        mismatches(programs.unique_copy, "repeat_copy", FIRST + words) for words in all_words(2, 7)
    ]
    assert sum(wrong) == 250


@pytest.mark.parametrize("task", beyond.BY_TASK)
def test_arithmetic_on_positions_would_do_what_no_short_program_does(task: str) -> None:
    program = beyond.BY_TASK[task]
    for words in all_words(2, 10):
        assert mismatches(program, task, FIRST + words) == 0
    assert len(program_trace(program, [BOS, FIRST, SEP]).breaches) == 1


def test_wrong_input_is_one_line() -> None:
    with pytest.raises(LemmataError, match=r"integers of shape \(B, T\); found float64 \(1, 2\)"):
        tokens([0.5, 1.0])
    with pytest.raises(LemmataError, match=r"seq_map: shapes differ: \(1, 2\) and \(1, 3\)"):
        seq_map(tokens([1, 2]), tokens([1, 2, 3]), EQUALS)
