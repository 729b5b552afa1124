"""C-RASP: programs against oracles on all words, against automata, and what they need."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from lemmata.length_generalization.crasp import programs
from lemmata.length_generalization.crasp import syntax as s
from lemmata.length_generalization.crasp.evaluate import Facts, accepts, facts, following
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.tasks.languages import AUTOMATA
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.length_generalization.tasks.task import NONE
from lemmata.length_generalization.vocabulary import FIRST, MARKS
from tests.unit.length_generalization.words import all_words, distinct, untied


def bounded(depth: int) -> Callable[[str], bool]:
    def oracle(word: str) -> bool:
        level = 0
        for letter in word:
            level += 1 if letter == "a" else -1
            if not 0 <= level <= depth:
                return False
        return level == 0

    return oracle


def matches(pattern: str) -> Callable[[str], bool]:
    return lambda word: re.fullmatch(pattern, word) is not None


# Program, letters, longest word, oracle, and how many words it accepts (fact sheet, section C4).
CASES: dict[str, tuple[str, str, int, Callable[[str], bool], int]] = {
    "binary_majority": (
        programs.ACCEPTORS["binary_majority"],
        "01",
        13,
        lambda w: w.count("1") > w.count("0"),
        7_554,
    ),
    "tomita_1": (programs.ACCEPTORS["tomita_1"], "01", 13, matches("1*"), 13),
    "tomita_2": (programs.ACCEPTORS["tomita_2"], "01", 13, matches("(10)*"), 6),
    "tomita_2, no positions": (
        programs.ACCEPTORS["tomita_2_position_free"],
        "01",
        13,
        matches("(10)*"),
        6,
    ),
    "tomita_4": (programs.ACCEPTORS["tomita_4"], "01", 13, lambda w: "000" not in w, 6_870),
    "tomita_7": (programs.ACCEPTORS["tomita_7"], "01", 13, matches("0*1*0*1*"), 1_469),
    "tomita_7, no positions": (
        programs.ACCEPTORS["tomita_7_position_free"],
        "01",
        13,
        matches("0*1*0*1*"),
        1_469,
    ),
    "dyck_2": (programs.bounded_dyck(2), "ab", 13, bounded(2), 63),
    "dyck_3": (programs.bounded_dyck(3), "ab", 13, bounded(3), 144),
    "dyck_4": (programs.bounded_dyck(4), "ab", 13, bounded(4), 185),
    "dyck_12": (programs.bounded_dyck(12), "ab", 14, bounded(12), 625),
    "dyck_1": (programs.ACCEPTORS["dyck_1"], "ab", 13, bounded(1_000), 196),
    "even_a": (programs.ACCEPTORS["even_a"], "a", 60, lambda w: len(w) % 2 == 0, 30),
    "fourth_a": (programs.ACCEPTORS["fourth_a"], "a", 60, lambda w: len(w) % 4 == 0, 15),
    "abab": (programs.ACCEPTORS["abab"], "ab", 13, matches("(abab)*"), 3),
    "ab_d_bc": (programs.ACCEPTORS["ab_d_bc"], "abcd", 7, matches("[ab]*d[bc]*"), 769),
    "a_to_e": (programs.ACCEPTORS["a_to_e"], "abcde", 7, matches("a+b+c+d+e+"), 21),
    "anbncn": (
        programs.ACCEPTORS["anbncn"],
        "abc",
        9,
        lambda w: w == "a" * (n := len(w) // 3) + "b" * n + "c" * n,
        3,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_acceptors_on_every_word(name: str) -> None:
    text, letters, longest, oracle, positives = CASES[name]
    program, symbols = parse(text, name), {a: k for k, a in enumerate(letters)}
    total = 0
    for words in all_words(len(letters), longest):
        expected = [oracle("".join(letters[k] for k in word)) for word in words]
        np.testing.assert_array_equal(accepts(program, words, symbols), expected)
        total += sum(expected)
    assert total == positives


def test_bounded_depth_shows_where_the_bound_is_reached() -> None:
    """D_12 and Dyck-1 agree on all words of up to 25 letters; depth 13 tells them apart."""
    deep = np.array([[0] * 13 + [1] * 13])
    symbols = {"a": 0, "b": 1}
    assert not accepts(parse(programs.bounded_dyck(12)), deep, symbols)[0]
    assert accepts(parse(programs.ACCEPTORS["dyck_1"]), deep, symbols)[0]
    assert accepts(parse(programs.bounded_dyck(12)), deep[:, 1:-1], symbols)[0]


def letters_of(count: int) -> tuple[list[str], dict[str, int]]:
    names = [str(k) for k in range(count)]
    return names, MARKS | {name: FIRST + k for k, name in enumerate(names)}


GENERATORS = {  # name, program, questions, how many (fact sheet, section C4)
    "unique_copy": (programs.unique_copy, lambda: distinct(5, 5), 5, 325),
    "sort": (programs.sort, lambda: distinct(5, 5), 5, 325),
    "majority": (programs.majority, lambda: untied(3, 7), 3, 2_589),
    "count": (
        programs.count,
        lambda: (
            FIRST + np.array([[a, a + n - 1] for a in range(8 - n)], dtype=np.int64)
            for n in range(1, 8)
        ),
        7,
        28,
    ),
}


def wrong_answers(program: s.Program, symbols: dict[str, int], task: str, questions) -> int:
    """How many questions a generator answers otherwise than the task's oracle, or not at all."""
    rows = TASKS[task].encode(questions)
    lets = following(program, rows.inputs, symbols)
    numbers = [symbols[name] for name in lets]
    said = np.stack(list(lets.values()), axis=2)  # (B, T, symbols)
    right = said == (rows.targets[:, :, None] == numbers)
    asked = rows.targets != NONE
    return int((~(right.all(axis=2) | ~asked)).any(axis=1).sum())


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_on_every_question(name: str) -> None:
    schema, questions, count, total = GENERATORS[name]
    names, symbols = letters_of(count)
    program = parse(schema(names), name)
    seen = 0
    for batch in questions():
        assert wrong_answers(program, symbols, name, batch) == 0
        seen += len(batch)
    assert seen == total


def test_interleaved_majority_on_every_question() -> None:
    _, symbols = letters_of(2)
    program = parse(programs.interleave())
    seen = 0
    for words in all_words(2, 12, shortest=3):
        columns = [words[:, r::3] for r in range(3)]
        decided = np.all([2 * c.sum(axis=1) != c.shape[1] for c in columns], axis=0)
        questions = FIRST + words[decided]
        seen += len(questions) * (words.shape[1] % 3 == 0)  # the task has multiples of 3 alone
        if len(questions):
            assert wrong_answers(program, symbols, "interleave", questions) == 0
    assert seen == 1_528


def test_unique_copy_fails_on_repeats() -> None:
    """The control: the same program on binary strings."""
    names, symbols = letters_of(2)
    program = parse(programs.unique_copy(names))
    wrong = [
        wrong_answers(program, symbols, "repeat_copy", FIRST + words) for words in all_words(2, 7)
    ]
    assert sum(wrong) == 250


FLAGS = {  # which of the two a task's program needs
    "binary_majority": False,
    "tomita_1": False,
    "tomita_2_position_free": False,
    "tomita_4": True,
    "tomita_7_position_free": False,
    "even_a": True,
    "fourth_a": True,
    "abab": True,
    "ab_d_bc": False,
    "a_to_e": False,
    "dyck_1": False,
    "anbncn": False,
}


@pytest.mark.parametrize(("name", "positional"), FLAGS.items())
def test_programs_of_position_free_tasks_use_no_position(name: str, positional: bool) -> None:
    found = facts(parse(programs.ACCEPTORS[name]))
    assert (found.periodic or found.local) == positional
    task = TASKS.get(name.removesuffix("_position_free"))
    assert task is None or task.nope != positional


def test_facts_of_generators() -> None:
    names = ["0", "1", "2"]
    assert facts(parse(programs.majority(names))) == Facts(1, False, False)
    assert facts(parse(programs.sort(names))).dialect == "C-RASP[]"
    assert facts(parse(programs.count(names))).dialect == "C-RASP[]"
    assert facts(parse(programs.unique_copy(names))) == Facts(2, False, True)
    assert facts(parse(programs.interleave())).dialect == "C-RASP[periodic, local]"
    assert facts(parse("a := count(Q[x])\nb := exists(a <= 1)\nc := not b")).depth == 2


@pytest.mark.parametrize("name", sorted(AUTOMATA))
def test_automata_agree_with_the_programs(name: str) -> None:
    automaton = AUTOMATA[name]
    texts = {"dyck_2": 2, "dyck_3": 3, "dyck_4": 4, "dyck_12": 12}
    text = programs.bounded_dyck(texts[name]) if name in texts else programs.ACCEPTORS.get(name)
    assert (text is not None) == TASKS[name].ape
    if text is None:
        return
    symbols = {a: k for k, a in enumerate(automaton.alphabet)}
    for words in all_words(len(symbols), 8 if len(symbols) < 4 else 5):
        found = accepts(parse(text), words, symbols)
        np.testing.assert_array_equal(found, automaton.accepts(words))
