"""Every task by name: the 25 of arXiv 2410.02140's main figure, and those of 2310.16028 alone.

What theory predicts (`ape`, `nope`, `ac0`) is the published classification [official code]; the
programs of each are in `rasp.programs.BY_TASK` and `crasp.programs.BY_TASK`, apart from the table
so that an edit of a C-RASP program trains nothing anew. (The layouts of hints stand with the RASP-L
programs that read them, so an edit of those does.)
One encoded row of each, where what follows SEP is asked, or the label of each prefix, which stands
behind a slash; #k is an index hint::

    binary_majority     BOS 1 1 1 1 1 1 SEP 1 EOS
    majority            BOS 0 2 1 1 1 5 SEP 1 EOS
    interleave          BOS 0 1 0 0 1 0 SEP 0 1 0 EOS
    sort                BOS 3 9 4 11 10 8 SEP 3 4 8 9 10 11 EOS
    unique_copy         BOS 0 11 1 3 2 8 SEP 0 11 1 3 2 8 EOS
    repeat_copy         BOS 1 1 1 0 1 0 SEP 1 1 1 0 1 0 EOS
    parity              BOS 1 1 1 0 0 1 SEP 0 EOS
    addition            BOS 1 0 0 1 + 1 SEP 1 0 1 0 EOS
    count               BOS 5 8 SEP 5 6 7 8 EOS
    dyck_2              BOS a/1 a/0 b/1 b/2 a/1 b/2
    dyck_3              BOS a/1 a/1 b/1 a/1 b/1 b/2
    dyck_4              BOS a/1 b/2 a/1 a/1 b/1 b/2
    dyck_12             BOS a/1 a/1 b/1 b/2 a/1 b/2
    tomita_1            BOS 1/0 1/0 1/0 1/0 1/0 1/0
    tomita_2            BOS 1/0 0/1 1/0 0/1 1/0 0/1
    tomita_3            BOS 0/1 0/1 1/1 1/1 1/1 1/1
    tomita_4            BOS 0/1 0/0 1/1 1/1 0/1 0/0
    tomita_5            BOS 0/0 0/1 0/0 0/1 0/0 0/1
    tomita_6            BOS 0/0 0/0 1/0 0/0 1/0 1/1
    tomita_7            BOS 0/1 1/1 1/1 1/1 0/1 1/0
    a_to_e              BOS a/4 b/2 c/1 d/0 d/0 e/5
    ab_d_bc             BOS d/1 b/1 b/1 b/1 b/1 c/1
    last_0_then_2       BOS 1/0 1/0 0/1 2/1 2/1 2/1
    even_a              BOS a/0 a/1 a/0 a/1 a/0 a/1
    fourth_a            BOS a/0 a/0 a/0 a/1 a/0 a/0 a/0 a/1
    abab                BOS a/0 b/1 a/0 b/2 a/0 b/1 a/0 b/2
    parity_running      BOS #0 0 #1 1 #2 1 #3 1 SEP #0 0 #1 1 #2 0 #3 1 EOS
    parity_ones         BOS #7 1 #8 0 #9 1 #10 1 SEP #7 1 #9 0 #10 1 EOS
    addition_reverse    BOS #7 0 #8 6 + #7 0 #8 8 SEP #8 4 #7 1 EOS
    addition_forward    BOS #6 0 #7 5 + #6 0 #7 8 SEP #6 1 #7 3 EOS
    mode                BOS a e e c e c SEP e EOS
    mode_by_count       BOS d a d b d b SEP a 1 b 2 d 3 d EOS
    mode_by_appearance  BOS a d b d d c SEP a 1 d 3 b 1 c 1 d EOS
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
