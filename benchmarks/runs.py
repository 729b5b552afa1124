"""How the time of a run grows with its jobs: the exponent, as `growth.py` fits it.

    python benchmarks/runs.py

DAGs of 100 to 800 of our jobs, each of which copies a file (`engines.py`), in an empty folder: jobs
are forked, measure and check what they read, keep their output in the store, and write a record.
Wall clock on one core, the engine's start included. What a job does with all that jobs before it
left, in a folder or in the store, would make it grow faster than the number of jobs.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engines import OURS, finished, snakemake_tree
from growth import fitted
from measure import Report, Row, options


def run_row(sizes: list[int], rounds: int) -> Row:
    """Runs of so many jobs, by turns, each in a tree of its own."""
    with tempfile.TemporaryDirectory(prefix="runs-") as folder:
        fresh = (Path(folder) / f"run{number}" for number in itertools.count())
        works: dict[float, Callable[[], object]] = {}
        for jobs in sizes:
            engine = snakemake_tree(Path(folder) / f"of{jobs}", jobs, OURS)
            works[jobs] = lambda own=engine, jobs=jobs: finished(own, next(fresh), jobs)
        return fitted("a run of small jobs", "jobs", works, rounds, time.perf_counter)


def main() -> None:
    """Fit the exponent."""
    args = options(__doc__, rounds=3).parse_args()
    report = Report(args.rows)
    report.add(run_row([10, 20, 30] if args.quick else [100, 200, 400, 800], args.rounds))


if __name__ == "__main__":
    main()
