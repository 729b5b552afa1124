"""C-RASP on 100,000 words of 100 letters, against an interpreter that visits word by word.

    OMP_NUM_THREADS=1 python benchmarks/crasp.py [--words 100000]

The peer is what one writes first: for each word, operation by operation, position by position, in
plain Python; every operation once per word. It judges a share of the words, its time is scaled up,
and both must judge that share alike, and every word of the shortest lengths.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from measure import Report, one_thread, options, row_of, turns

from lemmata.length_generalization.crasp import syntax as s
from lemmata.length_generalization.crasp.evaluate import accepts, facts
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.crasp.programs import ACCEPTORS

PROGRAMS = {"tomita_4": "01", "tomita_7_position_free": "01", "a_to_e": "abcde"}
LENGTH = 100
SHORT = {2: 8, 5: 5}
"""Letters -> the length up to which every word is judged by both."""
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}
Values = list[Any]
"""Of an expression at the positions of one word: booleans or integers."""


def judged(program: s.Program, word: Sequence[str]) -> bool:
    """Whether one word is accepted."""
    named: dict[str, Values] = {}
    for operation in program.operations:
        named[operation.name] = values(operation.expression, word, named)
    return bool(named[program.operations[-1].name][-1])


def values(e: s.Expression, word: Sequence[str], named: dict[str, Values]) -> Values:
    """Values of an expression at every position of a word."""
    inside = [values(child, word, named) for child in s.children(e)]
    places = range(len(word))
    match e:
        case s.Symbol(name):
            return [letter == name for letter in word]
        case s.Name(name):
            return named[name]
        case s.Constant(value) | s.Number(value):
            return [value] * len(word)
        case s.Periodic(modulus, residue):
            return [(i + 1) % modulus == residue for i in places]
        case s.Not():
            return [not a for a in inside[0]]
        case s.Both():
            return [a and b for a, b in zip(*inside, strict=True)]
        case s.Either():
            return [a or b for a, b in zip(*inside, strict=True)]
        case s.Compare(_, sign, _):
            return [COMPARE[sign](a, b) for a, b in zip(*inside, strict=True)]
        case s.Sum(_, sign, _):
            return [a + b if sign == "+" else a - b for a, b in zip(*inside, strict=True)]
        case s.Choice():
            return [b if a else c for a, b, c in zip(*inside, strict=True)]
        case s.Exists(_, distances):
            return [count > 0 for count in counts(inside[0], distances)]
        case s.Count(_, distances):
            return counts(inside[0], distances)
    raise TypeError(e)


def counts(truth: Values, distances: tuple[int, ...] | None) -> list[int]:
    """How often it held so far, or at these distances before."""
    if distances is not None:
        return [sum(i >= d and truth[i - d] for d in distances) for i in range(len(truth))]
    found, seen = [], 0
    for held in truth:
        seen += held
        found.append(seen)
    return found


def both_judge(program: s.Program, letters: str, words: Any) -> list[bool]:
    """What both say of words (B, T); an error if they differ."""
    symbols = {a: k for k, a in enumerate(letters)}
    one_by_one = [judged(program, [letters[k] for k in word]) for word in words.tolist()]
    assert accepts(program, words, symbols).tolist() == one_by_one
    return one_by_one


def short_words(letters: str) -> tuple[Any, ...]:
    """Arrays (B, T) of all words of each short length T."""
    lengths = range(1, SHORT[len(letters)] + 1)
    return tuple(np.array(list(product(range(len(letters)), repeat=t))) for t in lengths)


def main() -> None:
    """Compare and measure a program of each depth."""
    parser = options(__doc__, rounds=5)
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--share", type=int, default=20, help="one word in so many for the peer")
    args = parser.parse_args()
    one_thread()
    report = Report(args.rows)
    count = 200 if args.quick else args.words
    rng = np.random.Generator(np.random.Philox(0))
    for name, letters in PROGRAMS.items():
        program = parse(ACCEPTORS[name], name)
        words = rng.integers(0, len(letters), (count, LENGTH))
        symbols = {a: k for k, a in enumerate(letters)}
        few = words[:: args.share]
        spelled = [[letters[k] for k in word] for word in few.tolist()]
        both_judge(program, letters, few)
        short = [said for w in short_words(letters) for said in both_judge(program, letters, w)]
        works: dict[str, Callable[[], object]] = {
            "ours": lambda p=program, w=words, a=symbols: accepts(p, w, a),
            "word by word": lambda p=program, w=spelled: [judged(p, word) for word in w],
        }
        seconds = turns(works, args.rounds)
        seconds["word by word"] *= count / len(few)
        sizes = f"depth {facts(program).depth}, {count:,} words of {LENGTH} letters"
        note = f"both accept the same {sum(short)} of {len(short):,} short words"
        report.add(row_of(f"C-RASP {name}", sizes, seconds, note=note))


if __name__ == "__main__":
    main()
