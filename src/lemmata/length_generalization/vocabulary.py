"""Token numbers that all tasks share: three marks, then the task's own symbols."""

from __future__ import annotations

from typing import Final

BOS: Final = 0
"""Opens the sequence."""
SEP: Final = 1
"""Ends the question; smaller than every symbol, which the program for sorting uses."""
EOS: Final = 2
"""Ends the answer."""
FIRST: Final = 3
"""The first symbol; bits are FIRST and FIRST + 1, numbers n are FIRST + n."""
MARKS: Final = {"BOS": BOS, "SEP": SEP, "EOS": EOS}
