"""What bfloat16 and torch.compile do to trainings on a CPU, against float32 as it is run there.

    OMP_NUM_THREADS=1 python benchmarks/precision.py [--steps 300]

Trainings at laptop settings, by turns, on one thread, by the wall clock (compilers are processes
of their own). bfloat16 is autocast, where the CPU has instructions for it (Linux alone says so). A
compiled training begins with nothing compiled, as the first run of a user's does; networks whose
settings do not know `compile` are left out. A ratio above 1: slower than float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from families import Family, families
from measure import Report, one_thread, options, row_of, turns
from torch._inductor import config as inductor

CPU_FACTS = Path("/proc/cpuinfo")


def has_bfloat16() -> bool:
    """Whether this CPU is known to multiply bfloat16 by instructions of its own."""
    return CPU_FACTS.is_file() and "bf16" in CPU_FACTS.read_text()


def compiled_anew(family: Family) -> Callable[[int, int], None]:
    """A training that finds nothing compiled, in memory or in files."""

    def train(steps: int, seed: int) -> None:
        torch.compiler.reset()
        family.train(steps, seed)

    return train


def ways() -> dict[str, dict[str, Callable[[int, int], None]]]:
    """Way -> name of a network -> its training."""
    found = {}
    if has_bfloat16():
        found["bfloat16"] = {f.name: f.train for f in families(precision="bfloat16")}
    else:
        print("bfloat16: this CPU is not known to have instructions for it, left out", flush=True)
    known = [family for family in families(compiled=True) if family.compiles]
    return found | {"compiled": {family.name: compiled_anew(family) for family in known}}


def main() -> None:
    """A row for each network and each way."""
    parser = options(__doc__, rounds=3)
    parser.add_argument("--steps", type=int, default=300, help="of each training")
    args = parser.parse_args()
    inductor.force_disable_caches = True
    one_thread()
    report, steps = Report(args.rows), 2 if args.quick else args.steps
    others = ways()
    for family in families():
        works = {"ours": family.train} | {
            way: trainings[family.name]
            for way, trainings in others.items()
            if family.name in trainings
        }
        started = {name: lambda w=work: w(steps, 0) for name, work in works.items()}
        seconds = turns(started, args.rounds, time.perf_counter)
        for way in list(works)[1:]:
            both = {"ours": seconds["ours"], way: seconds[way]}
            what = f"training of {steps:,} steps, {family.name}"
            report.add(row_of(what, family.sizes, both))


if __name__ == "__main__":
    main()
