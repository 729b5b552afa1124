"""C-RASP: programs against oracles on all words, the parser, the printer, static facts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.errors import LemmataError
from lemmata.length_generalization.crasp import programs
from lemmata.length_generalization.crasp import syntax as s
from lemmata.length_generalization.crasp.evaluate import Facts, accepts, facts, following
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.printer import text_of
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


TEXTS = [
    *programs.ACCEPTORS.values(),
    programs.bounded_dyck(3),
    programs.majority("012"),
    programs.interleave(),
    programs.sort("012"),
    programs.count("012"),
    programs.unique_copy("012"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_printed_parses_to_the_same(text: str) -> None:
    program = parse(text)
    assert parse(text_of(program)) == program


def booleans(depth: int) -> st.SearchStrategy[s.Boolean]:
    leaves: st.SearchStrategy[s.Boolean] = st.sampled_from(
        [s.Symbol("0"), s.Symbol("1"), s.Constant(True), s.Periodic(3, 2), s.Constant(False)]
    )
    if depth == 0:
        return leaves
    inner, numbers = booleans(depth - 1), integers(depth - 1)
    looks = st.sampled_from([None, (1,), (0, 2, 5)])
    comparisons = st.sampled_from(["<=", "<", ">=", ">", "=="])
    return st.one_of(
        leaves,
        st.builds(s.Not, inner),
        st.builds(s.Both, inner, inner),
        st.builds(s.Either, inner, inner),
        st.builds(s.Compare, numbers, comparisons, numbers),
        st.builds(s.Exists, inner, looks),
    )


def integers(depth: int) -> st.SearchStrategy[s.Integer]:
    leaves: st.SearchStrategy[s.Integer] = st.builds(s.Number, st.integers(0, 4))
    if depth == 0:
        return leaves
    inner, truth = integers(depth - 1), booleans(depth - 1)
    return st.one_of(
        leaves,
        st.builds(s.Count, truth, st.sampled_from([None, (1,), (0, 3)])),
        st.builds(s.Sum, inner, st.sampled_from("+-"), inner),
        st.builds(s.Choice, truth, inner, inner),
    )


def plainly(expression: s.Expression, word: list[int], i: int):
    """The meaning of an expression at position i = 1..n, as the definition says it."""
    at = lambda e, j=i: plainly(e, word, j)  # noqa: E731
    looked = lambda d: [i - k for k in d if i - k >= 1] if d is not None else range(1, i + 1)  # noqa: E731
    match expression:
        case s.Symbol(name):
            return word[i - 1] == int(name)
        case s.Constant(value) | s.Number(value):
            return value
        case s.Periodic(modulus, residue):
            return i % modulus == residue
        case s.Not(body):
            return not at(body)
        case s.Both(left, right):
            return at(left) and at(right)
        case s.Either(left, right):
            return at(left) or at(right)
        case s.Compare(left, comparison, right):
            compare = {"<=": le, "<": lt, ">=": ge, ">": gt, "==": eq}[comparison]
            return compare(at(left), at(right))
        case s.Exists(body, distances):
            return any(at(body, j) for j in looked(distances))
        case s.Count(body, distances):
            return sum(bool(at(body, j)) for j in looked(distances))
        case s.Sum(left, sign, right):
            return at(left) + at(right) if sign == "+" else at(left) - at(right)
        case s.Choice(condition, then, otherwise):
            return at(then) if at(condition) else at(otherwise)
    raise AssertionError(expression)


@given(expression=booleans(3), word=st.lists(st.integers(0, 1), min_size=1, max_size=7))
def test_any_expression_means_what_the_definition_says(
    expression: s.Boolean, word: list[int]
) -> None:
    program = s.Program((s.Operation("accept", expression, True),))
    parsed = parse(text_of(program))
    assert parsed == program
    found = accepts(parsed, np.array([word]), {"0": 0, "1": 1})[0]
    assert found == plainly(expression, word, len(word))


def test_padding_on_the_right_changes_nothing() -> None:
    program, symbols = parse(programs.ACCEPTORS["tomita_4"]), {"0": 0, "1": 1}
    words = [list(w) for n in (3, 5, 6) for w in itertools.product((0, 1), repeat=n)]
    padded = np.array([w + [0] * (6 - len(w)) for w in words])
    lengths = [len(w) for w in words]
    found = accepts(program, padded, symbols, lengths)
    alone = [accepts(program, np.array([w]), symbols)[0] for w in words]
    np.testing.assert_array_equal(found, alone)
    many = np.tile(padded, (500, 1))  # more than one chunk
    np.testing.assert_array_equal(accepts(program, many, symbols, lengths * 500), alone * 500)


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a := Q[1] <= 2", r"p, line 1, column 8: Q\[1\] is true or false, where a count is need"),
        ("a := 1\nb := a and true", r"line 2, column 6: a is a count, where true or false is"),
        ("a := b", r"line 1, column 6: b is not defined above"),
        ("a := true\na := false", r"line 2, column 1: a is defined twice"),
        ("NEXT[x] := true\nNEXT[x] := true", r"line 2, column 6: NEXT\[x\] is defined twice"),
        ("NEXT[x] := 1", r"line 1, column 6: NEXT\[x\] must be true or false"),
        ("a := count(Q[0])", r"line 1, column 1: a, the last operation, must be true or false"),
        ("a := i % 3 == 3", r"line 1, column 15: i % 3 is never 3"),
        ("a := i % 0 == 0", r"i % 0 is never 0"),
        ("a := count[i-j <= 2](Q[0]) == 1", r"line 1, column 16: unexpected '<='"),
        ("a := not", r"line 1, column 6: unexpected the end of the text"),
        ("", r"unexpected the end of the text"),
        ("ok := true\nbad = true", r"line 2, column 5: unexpected '='"),
        ("if := true", r"line 1, column 1: unexpected 'if'"),
        ("a := true and\nb", r"line 1, column 14: unexpected '\\n'"),
        ("a := count(Q[0]) <= true", r"line 1, column 21: true is true or false, where a count"),
        ("a := not (false <= 1)", r"line 1, column 11: false is true or false, where a count"),
        ("a := " + "not " * 5_000 + "true", r"p: expressions nest too deeply; name parts of them"),
    ],
)
def test_wrong_text_is_one_line_with_its_place(text: str, message: str) -> None:
    with pytest.raises(LemmataError, match=message) as caught:
        parse(text, "p")
    assert "\n" not in str(caught.value)


def test_a_program_may_be_held_to_an_alphabet() -> None:
    text = "ones := count(Q[1])\nNEXT[0] := ones <= 1\nNEXT[2] := Q[SEP]"
    with pytest.raises(LemmataError, match=r"^p, line 3, column 6: 2: no such symbol; allowed: 0"):
        parse(text, "p", ["0", "1", *MARKS])
    with pytest.raises(LemmataError, match=r"^p, line 1, column 17: 1: no such symbol"):
        parse(text, "p", ["0", "2", *MARKS])
    assert parse(text, "p", ["0", "1", "2", *MARKS]) == parse(text)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("a := count(Q[1]) <= 70000", True),  # beyond 16 bits, in the text alone
        ("a := 30000 + 30000 <= 5", False),  # beyond them by a sum
        ("big := 30000 + count(Q[1])\na := big + big <= 5", False),  # and by way of a name
        ("a := count(1 <= 2) <= 1", False),  # constants are sequences too: here 1, 2, 3
        ("a := 0 - 40000 <= 0 - 39999", True),
    ],
)
def test_numbers_keep_their_value(text: str, accepted: bool) -> None:
    assert accepts(parse(text), np.array([[0, 1, 1]]), {"0": 0, "1": 1})[0] == accepted


def test_what_follows_has_a_value_at_every_position() -> None:
    found = following(parse("NEXT[0] := 1 <= 2"), np.array([[0, 0, 0]]), {"0": 0})
    assert found["0"].tolist() == [[True] * 3]


def test_wrong_words_are_one_line() -> None:
    program = parse("accept := exists(Q[7])")
    with pytest.raises(LemmataError, match=r"Q\[7\]: no such symbol; allowed: 0, 1"):
        accepts(program, np.array([[0, 1]]), {"0": 0, "1": 1})
    with pytest.raises(LemmataError, match="empty word"):
        accepts(program, np.zeros((2, 0), int), {"7": 0})
    with pytest.raises(LemmataError, match=r"lengths must be 1 numbers in 1\.\.2"):
        accepts(program, np.array([[0, 1]]), {"7": 0}, [3])
    with pytest.raises(LemmataError, match="integers of shape"):
        accepts(program, np.array([0.5]), {"7": 0})
    known = r"unknown token 5; allowed: 0 \(7\)"
    with pytest.raises(LemmataError, match="crasp: word 1, position 2: " + known):
        accepts(program, np.array([[0, 5], [0, 5]]), {"7": 0}, [1, 2])
    assert accepts(program, np.array([[0, 5]]), {"7": 0}, [1])[0]  # what pads is not looked at
    with pytest.raises(LemmataError, match=r"word 0, position 1: unknown token 1; allowed: 0 \(a"):
        following(parse("NEXT[a] := true"), np.array([[1]]), {"a": 0, "b": 2})
    with pytest.raises(LemmataError, match=r"numbers may reach 1e\+26; at most 2\^63 - 1"):
        accepts(parse(f"a := {10**26} <= 1"), np.array([[0]]), {"a": 0})
    with pytest.raises(LemmataError, match="no NEXT"):
        following(program, np.array([[0]]), {"7": 0})
    with pytest.raises(LemmataError, match="says what follows"):
        accepts(parse("NEXT[a] := true"), np.array([[0]]), {"a": 0})
