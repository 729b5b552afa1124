"""Programs against oracles on every question up to a length: what "there is a program" rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from lemmata.length_generalization.crasp import programs as crasp
from lemmata.length_generalization.crasp.evaluate import accepts, facts, following
from lemmata.length_generalization.crasp.parser import parse
from lemmata.length_generalization.rasp import beyond
from lemmata.length_generalization.rasp import programs as rasp
from lemmata.length_generalization.rasp.core import tokens
from lemmata.length_generalization.studies.questions import (
    deep_words,
    letters_of,
    questions_of,
    words,
)
from lemmata.length_generalization.tasks.languages import AUTOMATA, bounded_dyck
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.length_generalization.tasks.task import NONE, Bools, Ints
from lemmata.length_generalization.vocabulary import BOS, FIRST, MARKS, SEP
from lemmata.stats import Study, evidence_table, exact

REACH: Final = {1: 60, 2: 14, 3: 9, 4: 7, 5: 7}
"""Longest words of an acceptor, by how many letters there are."""
TITLES: Final = {name: task.title for name, task in TASKS.items()} | {
    "majority": "majority of 3",  # checked on fewer letters than trained on
    "mode": "mode of 3",
}
DYCK: Final = {"dyck_2": 2, "dyck_3": 3, "dyck_4": 4, "dyck_12": 12}


class Acceptor(NamedTuple):
    """oracle: words (B, T) of letter numbers -> which are in the language; bound: on its depth."""

    title: str
    text: str
    alphabet: str
    oracle: Callable[[Ints], Bools]
    bound: int | None = None


def study(longest: int) -> Study:
    """Table: language, task, title, dialect, length (operations or depth), strings, mismatches.

    longest: of the words over two letters and more, where less than what the checks ask for. The
    language "RASP" has the programs that break RASP-L's rule on positions: no claim rests on them.
    """
    rows = [*_acceptors(longest), *_generators(longest), *_rasp_programs(longest)]
    table = pd.DataFrame(rows)
    evidence = {}
    for name, title in (("c_rasp", "C-RASP"), ("rasp_l", "RASP-L")):
        own = table[table["language"] == title]
        evidence[f"mismatches_{name}"] = exact(own["mismatches"].sum(), int(own["strings"].sum()))
    return Study(table, evidence_table(evidence))


def acceptors(longest: int) -> dict[str, Acceptor]:
    """Every language with a program against its automaton, and four that are no task."""
    found = {}
    for name, automaton in AUTOMATA.items():
        if name in crasp.BY_TASK:
            text = crasp.BY_TASK[name](automaton.alphabet)
            case = Acceptor(TITLES[name], text, automaton.alphabet, automaton.accepts)
            found[name] = case._replace(bound=DYCK.get(name))
    for name in ("tomita_2", "tomita_7"):
        text = crasp.ACCEPTORS[f"{name}_position_free"]
        title = f"{found[name].title}, no positions"
        found[f"{name}_position_free"] = found[name]._replace(title=title, text=text)
    deepest = bounded_dyck(max(longest, REACH[2]))  # no word of so many letters goes deeper
    own = crasp.ACCEPTORS
    found["dyck_1"] = Acceptor("Dyck-1", own["dyck_1"], "ab", deepest.accepts)
    found["more_ones"] = Acceptor(
        "more ones than zeros", own["binary_majority"], "01", lambda w: w.mean(axis=1) > 0.5
    )
    found["anbncn"] = Acceptor("$a^n b^n c^n$", own["anbncn"], "abc", _three_equal_runs)
    return found


def _acceptors(longest: int) -> Iterator[dict[str, object]]:
    for name, case in acceptors(longest).items():
        symbols = {a: k for k, a in enumerate(case.alphabet)}
        program = parse(case.text, name, symbols)
        letters = len(symbols)
        reach = min(REACH[letters], longest if letters > 1 else 5 * longest)
        batches = [*words(letters, reach)]
        if case.bound is not None:
            batches += deep_words(case.bound, reach // 2)
        wrong = sum(int((accepts(program, w, symbols) != case.oracle(w)).sum()) for w in batches)
        found = facts(program)
        counts = (found.depth, sum(map(len, batches)), wrong)
        yield _row("C-RASP", name, case.title, found.dialect, *counts)


def _generators(longest: int) -> Iterator[dict[str, object]]:
    for name, schema in crasp.BY_TASK.items():
        if TASKS[name].labels:
            continue
        names = [str(k) for k in range(letters_of(name))]
        symbols = MARKS | {a: FIRST + k for k, a in enumerate(names)}
        program = parse(schema(names), name, symbols)
        strings = wrong = 0
        for questions in questions_of(name, longest):
            rows = TASKS[name].encode(questions)
            lets = following(program, rows.inputs, symbols)
            numbers = np.array([symbols[a] for a in lets])
            right = np.stack(list(lets.values()), axis=2) == (rows.targets[:, :, None] == numbers)
            asked = rows.targets != NONE
            wrong += int((asked & ~right.all(axis=2)).any(axis=1).sum())
            strings += len(questions)
        found = facts(program)
        yield _row("C-RASP", name, TITLES[name], found.dialect, found.depth, strings, wrong)


def _rasp_programs(longest: int) -> Iterator[dict[str, object]]:
    programs: tuple[tuple[str, Mapping[str, rasp.Program]], ...] = (
        ("RASP-L", rasp.BY_TASK),
        ("RASP", beyond.BY_TASK),
    )
    for language, by_task in programs:
        for name, program in by_task.items():
            if name == "majority":  # mode's own
                continue
            strings = wrong = 0
            for questions in questions_of(name, longest):
                rows = TASKS[name].encode(questions)
                said = program(tokens(rows.inputs)).values
                wrong += int(((said != rows.targets) & (rows.targets != NONE)).any(axis=1).sum())
                strings += len(questions)
            yield _rasp_row(language, name, TITLES[name], program, strings, wrong)
    strings = wrong = 0
    for bits in words(2, min(longest, 12)):
        marked = np.pad(FIRST + bits, ((0, 0), (1, 1)), constant_values=((0, 0), (BOS, SEP)))
        said = rasp.boolean_and(tokens(marked)).values[:, -1]
        wrong += int((said != FIRST + bits.all(axis=1)).sum())
        strings += len(bits)
    yield _rasp_row("RASP-L", "conjunction", "AND of bits", rasp.boolean_and, strings, wrong)


def _rasp_row(
    language: str, task: str, title: str, program: rasp.Program, strings: int, wrong: int
) -> dict[str, object]:
    trace = rasp.program_trace(program, [BOS, FIRST, SEP])
    dialect = "legal" if not trace.breaches else "; ".join(trace.breaches)
    return _row(language, task, title, dialect, trace.length, strings, wrong)


def _three_equal_runs(found: Ints) -> Bools:
    """Whether each word (B, T) is a^n b^n c^n, letters 0, 1 and 2."""
    length = found.shape[1]
    wanted = np.repeat(np.arange(3), length // 3)
    if len(wanted) != length:
        return np.zeros(len(found), dtype=bool)
    same: Bools = (found == wanted).all(axis=1)
    return same


def _row(
    language: str, task: str, title: str, dialect: str, length: int, strings: int, mismatches: int
) -> dict[str, object]:
    return {
        "language": language,
        "task": task,
        "title": title,
        "dialect": dialect,
        "length": length,
        "strings": strings,
        "mismatches": mismatches,
    }
