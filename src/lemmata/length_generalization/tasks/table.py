"""Every task by name: the 25 of arXiv 2410.02140's main figure, and those of 2310.16028 alone.

What theory predicts (`ape`, `nope`, `ac0`) is the published classification [official code]; the
C-RASP programs behind each "yes" are in `crasp.programs`, and checked. One row of each kind::

    sort          BOS 7 4 9 SEP 4 7 9 EOS         what follows SEP is asked
    dyck_2        BOS a b a a b b                 at each letter: which letters may follow
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from lemmata.errors import LemmataError
from lemmata.length_generalization.tasks.algorithmic import ALGORITHMIC
from lemmata.length_generalization.tasks.languages import LANGUAGES
from lemmata.length_generalization.tasks.scratchpads import SCRATCHPADS
from lemmata.length_generalization.tasks.task import Task

TASKS: Final[dict[str, Task]] = {
    task.name: task for task in (*ALGORITHMIC, *LANGUAGES, *SCRATCHPADS)
}
"""All tasks by name."""


def task_named(name: str) -> Task:
    """Look up a task; raises LemmataError that lists the names and guesses the one meant."""
    if name in TASKS:
        return TASKS[name]
    close = get_close_matches(name, TASKS, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise LemmataError(f"unknown task {name!r}{hint} (allowed: {', '.join(TASKS)})")
