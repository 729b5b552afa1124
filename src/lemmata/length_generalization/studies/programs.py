"""Programs against oracles on every question up to a length: what "there is a program" rests on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from typing import Final

import numpy as np
import pandas as pd

from lemmata.length_generalization.crasp import programs as crasp
from lemmata.length_generalization.crasp.evaluate import accepts, facts, following
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.rasp import programs as rasp
from lemmata.length_generalization.rasp.core import tokens
from lemmata.length_generalization.tasks.languages import AUTOMATA
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.length_generalization.tasks.task import NONE, Bools, Ints
from lemmata.length_generalization.vocabulary import FIRST, MARKS
from lemmata.stats import Study, evidence_table, exact

LETTERS: Final = 5


def study(longest: int) -> Study:
    """Table: language, task, dialect, length (core operations or depth), strings, mismatches.

    longest: of the words of acceptors over two letters; others are as long as gives as many words.
    """
    rows = [*_acceptors(longest), *_generators(longest), *_rasp_programs(longest)]
    table = pd.DataFrame(rows)
    evidence = {}
    for name, title in (("c_rasp", "C-RASP"), ("rasp_l", "RASP-L")):
        own = table[table["language"] == title]
        evidence[f"mismatches_{name}"] = exact(own["mismatches"].sum(), int(own["strings"].sum()))
    return Study(table, evidence_table(evidence))


def _acceptors(longest: int) -> Iterator[dict[str, object]]:
    """Every language with a program, against its automaton."""
    for name, automaton in AUTOMATA.items():
        schema = crasp.BY_TASK.get(name)
        if schema is None:
            continue
        program, letters = parse(schema(automaton.alphabet), name), len(automaton.alphabet)
        symbols = {a: k for k, a in enumerate(automaton.alphabet)}
        reach = int(longest * np.log(2) / np.log(letters)) if letters > 1 else 4 * longest
        strings = wrong = 0
        for words in _words(letters, reach):
            wrong += int((accepts(program, words, symbols) != automaton.accepts(words)).sum())
            strings += len(words)
        found = facts(program)
        yield _row("C-RASP", name, found.dialect, found.depth, strings, wrong)


def _generators(longest: int) -> Iterator[dict[str, object]]:
    names = [str(k) for k in range(LETTERS)]
    sizes = {"binary_majority": 2, "majority": 3, "interleave": 2}
    for name, schema in crasp.BY_TASK.items():
        if TASKS[name].labels:
            continue
        letters = sizes.get(name, LETTERS)
        program = parse(schema(names[:letters]), name)
        symbols = MARKS | {a: FIRST + k for k, a in enumerate(names[:letters])}
        strings = wrong = 0
        for questions in questions_of(name, letters, longest):
            rows = TASKS[name].encode(questions)
            lets = following(program, rows.inputs, symbols)
            numbers = np.array([symbols[a] for a in lets])
            right = np.stack(list(lets.values()), axis=2) == (rows.targets[:, :, None] == numbers)
            asked = rows.targets != NONE
            wrong += int((asked & ~right.all(axis=2)).any(axis=1).sum())
            strings += len(questions)
        found = facts(program)
        yield _row("C-RASP", name, found.dialect, found.depth, strings, wrong)


def _rasp_programs(longest: int) -> Iterator[dict[str, object]]:
    sizes = {"majority": 3, "parity_running": 2, "parity_ones": 2}
    sizes |= dict.fromkeys(("addition_reverse", "addition_forward"), 10)
    for name, program in rasp.BY_TASK.items():
        if name in ("binary_majority", "mode"):  # majority's own
            continue
        letters = sizes.get(name, LETTERS)
        strings = wrong = 0
        for questions in questions_of(name, letters, longest):
            rows = TASKS[name].encode(questions)
            said = program(tokens(rows.inputs)).values
            wrong += int(((said != rows.targets) & (rows.targets != NONE)).any(axis=1).sum())
            strings += len(questions)
        trace = rasp.program_trace(program, [0, FIRST, 1])
        dialect = "legal" if not trace.breaches else "; ".join(trace.breaches)
        yield _row("RASP-L", name, dialect, trace.length, strings, wrong)


def questions_of(task: str, letters: int, longest: int) -> Iterator[Ints]:
    """Every question of a task over `letters` symbols up to a length that `longest` bounds."""
    if task in ("sort", "unique_copy"):
        for n in range(1, min(letters, longest) + 1):
            yield FIRST + np.array(list(permutations(range(letters), n)), dtype=np.int64)
        return
    if task == "count":
        for n in range(1, letters + 1):
            yield FIRST + np.array([[a, a + n - 1] for a in range(letters - n + 1)])
        return
    if task.startswith("addition"):
        digits = np.array(list(product(range(10), repeat=4)), dtype=np.int64)  # two of two digits
        hints = rasp.ADDITION_HINTS + np.broadcast_to(np.arange(3), (len(digits), 3))
        zero = np.zeros((len(digits), 1), dtype=np.int64)
        halves = [
            np.stack([hints, FIRST + np.concatenate([zero, part], axis=1)], axis=2)
            for part in (digits[:, :2], digits[:, 2:])
        ]
        plus = np.full((len(digits), 1), rasp.PLUS)
        first, second = (half.reshape(len(digits), -1) for half in halves)
        yield np.concatenate([first, plus, second], axis=1)
        return
    keep = _untied_columns if task == "interleave" else _untied
    reach = longest if task in ("binary_majority", "interleave") else longest * 2 // 3
    for words in _words(letters, reach):
        if task.startswith("parity_"):
            hints = rasp.HINTS + np.broadcast_to(np.arange(words.shape[1]), words.shape)
            yield np.stack([hints, FIRST + words], axis=2).reshape(len(words), -1)
        elif task != "interleave" or words.shape[1] % 3 == 0:
            kept = words[keep(words, letters)]
            if len(kept):
                yield FIRST + kept


def _words(letters: int, longest: int) -> Iterator[Ints]:
    for n in range(1, longest + 1):
        yield np.array(list(product(range(letters), repeat=n)), dtype=np.int64)


def _untied(words: Ints, letters: int) -> Bools:
    counts = np.sort(np.stack([(words == k).sum(axis=1) for k in range(letters)]), axis=0)
    found: Bools = counts[-1] > counts[-2]
    return found


def _untied_columns(words: Ints, letters: int) -> Bools:
    columns = [_untied(words[:, r::3], letters) for r in range(3)]
    found: Bools = np.logical_and.reduce(columns)
    return found


def _row(
    language: str, task: str, dialect: str, length: int, strings: int, mismatches: int
) -> dict[str, object]:
    return {
        "language": language,
        "task": task,
        "title": TASKS[task].title,
        "dialect": dialect,
        "length": length,
        "strings": strings,
        "mismatches": mismatches,
    }
