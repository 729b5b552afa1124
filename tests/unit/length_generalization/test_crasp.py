"""C-RASP: the parser, the printer, and what an expression means."""

from __future__ import annotations

import itertools
from operator import eq, ge, gt, le, lt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.errors import LemmataError
from lemmata.length_generalization.crasp import programs
from lemmata.length_generalization.crasp import syntax as s
from lemmata.length_generalization.crasp.evaluate import accepts, following
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.printer import text_of
from lemmata.length_generalization.vocabulary import MARKS

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
