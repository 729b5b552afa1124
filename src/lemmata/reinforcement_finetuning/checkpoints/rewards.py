"""Rewards of an answer: exact match, ROUGE-L, or a function of the user's own, in [-1, 1]."""

from __future__ import annotations

import importlib
import math
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lemmata.errors import LemmataError

Reward = Callable[[str, str, Sequence[str]], float]
"""(prompt, answer, references) -> a number in [-1, 1]."""


def exact_match(prompt: str, answer: str, references: Sequence[str]) -> float:  # noqa: ARG001
    """1 for an answer that is a reference but for space around it, else -1."""
    return 1.0 if answer.strip() in {r.strip() for r in references} else -1.0


def rouge_l(prompt: str, answer: str, references: Sequence[str]) -> float:  # noqa: ARG001
    """F1 of the longest common subsequence of words, the largest over references; in [0, 1].

    Words are runs of a-z and 0-9 in lower case, not stemmed. Source: Lin, "ROUGE", 2004, with
    beta = 1 as the package rouge-score has it.
    """
    said = _words(answer)
    return max(_f1(said, _words(reference)) for reference in references)


REWARDS: Final[dict[str, Reward]] = {"exact_match": exact_match, "rouge_l": rouge_l}


def reward_named(name: str) -> Reward:
    """A reward of this module, or `module:function`, looked for in the present folder too.

    Raises LemmataError when there is no such function.
    """
    if name in REWARDS:
        return REWARDS[name]
    module, colon, function = name.partition(":")
    if not colon:
        allowed = ", ".join([*REWARDS, "module:function"])
        raise LemmataError(f"reward = {name!r}: allowed: {allowed}")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), function, None)
    except ImportError as error:
        raise LemmataError(f"reward = {name!r}: {error}") from error
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise LemmataError(f"reward = {name!r}: {module} has no function {function!r}")
    return lambda prompt, answer, references: float(found(prompt, answer, references))


def checked(value: float, row: int) -> float:
    """`value` itself; raises LemmataError when it is not a number in [-1, 1]."""
    if not math.isfinite(value):
        raise LemmataError(f"the reward of an answer to prompt {row} is {value}")
    if not -1.0 <= value <= 1.0:
        raise LemmataError(
            f"the reward of an answer to prompt {row} is {value}; must be in [-1, 1]"
        )
    return value


def _words(text: str) -> list[str]:
    return re.findall("[a-z0-9]+", text.lower())


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    common = longest_common_subsequence(said, wanted)
    return 2.0 * common / (len(said) + len(wanted)) if common else 0.0


def longest_common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Its length, row by row of the table of prefixes."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0  # the entry left of and above
        for place, y in enumerate(b, start=1):
            above = row[place]
            row[place] = before + 1 if x == y else max(above, row[place - 1])
            before = above
    return row[-1]
