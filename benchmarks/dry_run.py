"""Time and memory of planning at 10,000 jobs: `snakemake --dry-run`, and what we add to it.

    python benchmarks/dry_run.py [SEEDS]

A copy of the project gets SEEDS seeds (default 1100: 9,432 jobs) through its config/config.yaml,
with the data sets that need no download. Planned are (a) with nothing there, (b) with everything
finished, (c) with one seed added to that, (d) with everything finished whose dates are lost (each
file older than what was made from it is now newer), as after a copy without dates. Each line is one
process: wall and CPU seconds, peak resident memory with its children, and the ratios of CPU seconds
and memory to Snakemake with its own settings (no profile) in the same case of the same run.

Measured on 2 cores, 9,432 jobs: (a) 20 s and 450 MiB, (b) 15 s and 465 MiB, (c) 16 s and 455 MiB.
That is the engine's own work, about 2 ms a job (the params of the rules take a twentieth of it),
and no setting makes it much slower or faster: our profile takes 0.94 to 0.98 x the CPU seconds of
the engine's own settings in (a), (b) and (c). What the settings decide is which jobs it finds:

- `rerun-triggers` without `code`: where dates are lost, no job reruns; with it, 2,811 do. As fast
  within 5% where they are in order, 0.88 x where they are lost.
- `max-checksum-file-size` at 100 MB: where dates are lost, no job reruns; at the engine's 1 MB 9 do
  (tables whose stamp names thousands of inputs), without checksums 9,263. Within 4% of the CPU
  seconds with 1 MB, 0.79 x those without checksums, and 1.04 x the engine's memory.
- `scheduler`, greedy or ilp: 1.00 x, a dry run does not ask it.
- Every job listed: 1.00 x, and 4 MB of text; `--quiet` saves the reader, not the engine.

In the same cases `planned_jobs` takes 0.8 x the CPU seconds of a dry run and 1.3 x its memory;
`lemmata why` 1.8 to 1.9 x, and 3.4 x where it hashes every file anew (52 s).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml
from finished_tree import copy_project, finish

from lemmata.lineage.present import environment

PROJECT = Path(__file__).parents[1]
SEEDS = 1100
ENGINE = [sys.executable, "-m", "snakemake"]
DRY = [*ENGINE, "--dry-run", "--quiet", "rules", "host"]  # counts the jobs, does not list them
DEFAULTS = ["--workflow-profile", "none"]
PLAN = [
    sys.executable,
    "-c",
    "from pathlib import Path; from lemmata.lineage.present import planned_jobs; "
    "print(len(planned_jobs(Path())))",
]
LEMMATA = [sys.executable, "-c", "from lemmata.cli import main; main()"]
# One setting of ours at a time given back to the engine: the cases in which it has work to do.
ALL_TRIGGERS = ["code", "input", "mtime", "params", "software-env"]
# One setting of ours at a time given back to the engine, and the cases in which it may matter.
SETTINGS = {
    "all rerun triggers": (["--rerun-triggers", *ALL_TRIGGERS], "bcd"),
    "checksums to 1 MB": (["--max-checksum-file-size", "1000000"], "d"),
    "no checksums": (["--max-checksum-file-size", "0"], "d"),
    "scheduler ilp": (["--scheduler", "ilp"], "a"),
}


@dataclass(frozen=True)
class Spent:
    """Of one process with its children."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    said: str


def measure(command: list[str], tree: Path) -> Spent:
    """Run a command in `tree`; a status other than 0 or 1 (something is stale) is an error."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(  # noqa: S603 - our own words
            command, cwd=tree, env=environment(tree), stdout=said, stderr=subprocess.STDOUT
        )
        peak = [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, peak))
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)  # its peak memory would count our own, forked
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        said.seek(0)
        text = said.read()
    assert process.returncode in (0, 1), text
    return Spent(wall, used.ru_utime + used.ru_stime, peak[0] / 2**20, text)


def _watch(pid: int, peak: list[int]) -> None:
    """The largest sum of resident memory of a process and its children, looked at often."""
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            family = [root, *root.children(recursive=True)]
            peak[0] = max(peak[0], sum(_resident(process) for process in family))
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        return


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def case(letter: str, title: str, tree: Path) -> None:
    """Print the lines of one case: the engine's own settings, ours, and ours but for one."""
    print(f"\n({letter}) {title}")
    peer = measure([*DRY, *DEFAULTS], tree)
    row("snakemake's own settings", peer, peer)
    row("our profile", measure(DRY, tree), peer)
    for name, (options, cases) in SETTINGS.items():
        if letter in cases:
            row(f"our profile, {name}", measure([*DRY, *options], tree), peer)
    if letter == "a":
        row("our profile, every job listed", measure([*ENGINE, "--dry-run"], tree), peer)
        row("planned_jobs", measure(PLAN, tree), peer)
    if letter in "bc":
        row("lemmata why --full", measure([*LEMMATA, "why", "--full"], tree), peer)
        row("lemmata why, again", measure([*LEMMATA, "why"], tree), peer)


def jobs(said: str) -> str:
    """How many jobs the engine would run, the target rule apart."""
    found = re.search(r"^total +(\d+)$", said, re.MULTILINE)
    if found:
        return f"{int(found[1]) - 1:6} jobs"
    return f"{0:6} jobs" if "Nothing to be done" in said else " " * 11


def row(name: str, spent: Spent, peer: Spent) -> None:
    """One line, with its ratios to the peer."""
    ratios = f"{spent.cpu_s / peer.cpu_s:5.2f} x CPU {spent.peak_mib / peer.peak_mib:5.2f} x memory"
    used = f"{spent.wall_s:6.1f} s wall {spent.cpu_s:6.1f} s CPU {spent.peak_mib:5.0f} MiB"
    print(f"    {name:33}{jobs(spent.said)} {used}   {ratios}", flush=True)


def settings(seeds: int) -> dict[str, object]:
    """The section of the configuration that makes the DAG large."""
    return {"scale": "laptop", "calibration": {"seeds": list(range(seeds))}}


def set_seeds(tree: Path, seeds: int) -> None:
    """Another number of seeds in the tree's config/config.yaml."""
    path = tree / "config" / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **settings(seeds)}))


def main() -> None:
    """Build, measure, print."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_project(PROJECT, Path(folder) / "tree", settings(seeds))
        case("a", "nothing is there", tree)
        began = time.perf_counter()
        planned = finish(tree)
        print(f"\nmade to look finished in {time.perf_counter() - began:.0f} s")
        case("b", "all is finished", tree)
        set_seeds(tree, seeds + 1)
        case("c", "one seed more", tree)
        set_seeds(tree, seeds)
        now = time.time()
        for i, job in enumerate(planned.values()):  # raw data come first, and are newest now
            for path in job["outputs"]:
                os.utime(tree / path, (now - i, now - i))
        case("d", "all is finished, dates are lost", tree)


if __name__ == "__main__":
    main()
