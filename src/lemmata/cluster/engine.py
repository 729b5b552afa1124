"""The engine's scheduler, kept from looking for work far more often than there is any.

To keep its limit on how many jobs start in a second, the scheduler (9.20 to 9.27) plans after every
look at the open jobs another look one timespan later, and a job that ends makes it look as well. So
after n jobs it looks n times a timespan, each time at all that wait: 600 local jobs cost it four
minutes of CPU, and thousands on a cluster keep a core of the login node busy. No setting of the
engine avoids that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.workflow import Workflow


def spare_looks(workflow: Workflow) -> None:
    """Plan at most one look a timespan; none at all in a local run, where cores are limit enough.

    To be called `onstart`, when the scheduler is made and has not begun.
    """
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    else:
        planned = workflow.scheduler._schedule_reevalutation
        workflow.scheduler._schedule_reevalutation = spaced(planned)


def spaced(plan: Callable[[float], None]) -> Callable[[float], None]:
    """`plan(delay_s)`, passed on unless a call within the last delay_s seconds was passed on.

    No look is lost: what was planned then is still to come, and plans the next.
    """
    last = float("-inf")

    def planned(delay_s: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= delay_s:
            last = now
            plan(delay_s)

    return planned
