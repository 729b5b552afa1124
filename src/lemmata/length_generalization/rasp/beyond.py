"""Programs of tasks that have no short RASP-L program: exact, but only by arithmetic on positions.

They show what the rule on positions forbids (arXiv 2310.16028): each is right on every question,
and the trace of each has a breach. The programs within the rule are in `programs`.
"""

from __future__ import annotations

from typing import Final

from lemmata.length_generalization.rasp.core import (
    Function,
    Sequence,
    full,
    indices,
    seq_map,
    tok_map,
    where,
)
from lemmata.length_generalization.rasp.library import (
    index_select,
    is_token,
    lasts,
    mask,
    num_prev,
)
from lemmata.length_generalization.rasp.programs import ONE, ZERO, Program
from lemmata.length_generalization.vocabulary import EOS, SEP

_ODD: Final = Function("mod 2", lambda count: ZERO + count % 2)
_SINCE: Final = Function("distance + 1", lambda place, mark: place - mark + 1)


def parity(x: Sequence) -> Sequence:
    """BOS bits SEP (their parity) EOS: the number of ones, modulo 2."""
    odd = tok_map(num_prev(x, full(x, ONE)), _ODD)
    return where(is_token(x, SEP), odd, full(x, EOS))


def repeat_copy(x: Sequence) -> Sequence:
    """BOS x SEP x EOS: the token as far behind BOS as the answer has come behind SEP."""
    place = seq_map(indices(x), lasts(x, full(x, SEP)), _SINCE)
    copied = index_select(x, place)
    return mask(copied, is_token(copied, SEP), EOS)


BY_TASK: Final[dict[str, Program]] = {"parity": parity, "repeat_copy": repeat_copy}
"""Task -> its program."""
