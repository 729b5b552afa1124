"""RASP-L: what a trace counts, and that it names arithmetic on positions."""

from __future__ import annotations

import numpy as np
import pytest

from lemmata.length_generalization.rasp import programs
from lemmata.length_generalization.rasp.core import (
    EQUALS,
    Function,
    indices,
    kqv,
    seq_map,
    tok_map,
    tokens,
    trace,
)
from lemmata.length_generalization.rasp.programs import HINTS, PLUS, program_trace
from lemmata.length_generalization.vocabulary import BOS, FIRST, SEP

LENGTHS = {  # number of core operations
    "boolean_and": 3,
    "sort": 2,
    "majority": 16,
    "count": 18,
    "unique_copy": 16,
    "parity_ones": 18,
    "parity_running": 42,
    "addition_reverse": 70,
    "addition_forward": 70,
}


@pytest.mark.parametrize("name", LENGTHS)
def test_programs_do_no_arithmetic_on_positions(name: str) -> None:
    program = getattr(programs, name)
    found = program_trace(program, [BOS, HINTS, FIRST, PLUS, HINTS, FIRST, SEP, HINTS])
    assert found.breaches == []
    assert found.length == LENGTHS[name]
    again = program_trace(program, [BOS, SEP])
    assert again.operations == found.operations, "a program is the same for every input"


def test_arithmetic_on_positions_is_a_breach() -> None:
    x = tokens([1, 2, 3])
    with trace() as found:
        seq_map(indices(x), indices(x), Function("plus", np.add))
        tok_map(indices(x), Function("halved", lambda v: v // 2))
        kqv(x, x, indices(x), EQUALS)  # a mean of positions
        tok_map(x, Function("halved", lambda v: v // 2))  # a token may
    assert found.breaches == [
        "seq_map(plus) on positions or counts",
        "tok_map(halved) on positions or counts",
        "aggr_mean on positions or counts",
    ]
