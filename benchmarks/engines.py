"""Planning a DAG, and what a job costs beside its work: DVC, Snakemake alone, and our jobs.

    python benchmarks/engines.py [--stages 1000] [--fewer 100 | --whole] [--dvc PATH]

One DAG for all: ten chains of files, each copied from the one before it. DVC's `repro` hashes what
a stage reads and writes and keeps it in its cache; our jobs do likewise, check what they read, and
write a record; Snakemake alone does none of this. Ours are run as local runs have them, forked from
a process with the libraries loaded (its start is in the time), and started anew, as on a cluster's
nodes. Planned (`dvc status`, `snakemake --dry-run`) is with nothing there and, in a smaller DAG,
with everything finished. `dvc repro --dry` stops where a chain's second stage has no input yet. The
smaller DAG is run by turns. With --whole the larger one is run, once by each engine, for DVC takes
a quarter of an hour or more: when its files were made tells what each tenth of the run took. Wall
clock, start of the engine included, one core, a new tree for each run.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

import numpy as np
import yaml
from measure import Report, options, row_of, turns
from numpy.typing import NDArray

from lemmata.cluster.zygote import SWITCH
from lemmata.lineage.present import environment

PROJECT = Path(__file__).parents[1]
CHAINS = 10
RUN = "a stage of a run, its copy included"
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--quiet", "all"]
ALONE = """
rule all:
    input: {last!r}

rule copied:
    input: lambda wc: f"files/{{wc.chain}}_{{int(wc.step) - 1}}"
    output: "files/{{chain}}_{{step}}"
    wildcard_constraints: step="[1-9][0-9]*"
    shell: "cp {{input}} {{output}}"
"""
OURS = """
from pathlib import Path
from lemmata.cluster.engine import spare_looks
from lemmata.cluster.zygote import fork_jobs
from lemmata.provenance import known_code
from lemmata.provenance.code import code_of

known_code.look_up()

onstart:
    known_code.keep()
    spare_looks(workflow)
    fork_jobs(workflow)

found = code_of(Path(workflow.current_basedir) / "workflow/scripts/copied.py")
CODE = {{
    "digest": found.digest, "script": "workflow/scripts/copied.py", "software": found.software
}}

rule all:
    input: {last!r}

rule copied:
    input: data=lambda wc: f"files/{{wc.chain}}_{{int(wc.step) - 1}}"
    output: data="files/{{chain}}_{{step}}", record="files/{{chain}}_{{step}}.prov.json"
    log: "logs/{{chain}}_{{step}}.log"
    wildcard_constraints: step="[1-9][0-9]*"
    params: cfg=lambda wc: {{"chain": wc.chain}}, code=CODE
    script: "workflow/scripts/copied.py"
"""
SCRIPT = '''"""A copy, as an audited job."""

import shutil

from lemmata.provenance.job import job

with job(snakemake) as j:
    shutil.copyfile(j.input.data, j.output.data)
'''


@dataclass(frozen=True)
class Engine:
    """A tree that waits to be run, and the commands of planning and running."""

    template: Path
    plan: list[str]
    run: list[str]
    variables: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, command: list[str], tree: Path) -> None:
        """Run a command in a tree; an error if it fails."""
        env = {**environment(tree), "DVC_NO_ANALYTICS": "1", **self.variables}
        done = subprocess.run(  # noqa: S603 - our own words
            command, cwd=tree, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def steps(stages: int) -> list[tuple[str, str]]:
    """(from, to) of every copy, chain by chain; file 0 of a chain is the source."""
    assert stages % CHAINS == 0, f"stages must be a multiple of {CHAINS}"
    return [
        (f"files/{chain}_{step - 1}", f"files/{chain}_{step}")
        for chain, step in itertools.product(range(CHAINS), range(1, stages // CHAINS + 1))
    ]


def sources(tree: Path) -> None:
    """The first file of every chain."""
    (tree / "files").mkdir(parents=True)
    for chain in range(CHAINS):
        (tree / "files" / f"{chain}_0").write_text(f"{chain}\n")


def snakemake_tree(tree: Path, stages: int, text: str) -> Engine:
    """A Snakefile with the DAG; ours has a script, the rules' profile, and a store."""
    sources(tree)
    last = [f"files/{chain}_{stages // CHAINS}" for chain in range(CHAINS)]
    (tree / "Snakefile").write_text(text.format(last=last))
    (tree / "workflow" / "scripts").mkdir(parents=True)
    (tree / "workflow" / "scripts" / "copied.py").write_text(SCRIPT)
    if text is OURS:
        shutil.copytree(PROJECT / "profiles" / "default", tree / "profiles" / "default")
        store = {"store": {"path": ".lemmata/store", "max_gib": 1}}
        (tree / "config.json").write_text(json.dumps(store))
    config = ["--configfile", "config.json"] if text is OURS else []
    return Engine(tree, [*SNAKEMAKE, "--dry-run", *config], [*SNAKEMAKE, "--cores", "1", *config])


def dvc_tree(tree: Path, stages: int, dvc: str) -> Engine:
    """dvc.yaml with the DAG, initialised without git."""
    sources(tree)
    pipeline = {
        to.replace("/", "_"): {"cmd": f"cp {begin} {to}", "deps": [begin], "outs": [to]}
        for begin, to in steps(stages)
    }
    (tree / "dvc.yaml").write_text(yaml.safe_dump({"stages": pipeline}))
    engine = Engine(tree, [dvc, "status"], [dvc, "repro"])
    engine([dvc, "init", "--no-scm", "--quiet"], tree)
    return engine


def engines(folder: Path, stages: int, dvc: str | None) -> dict[str, Engine]:
    """Name -> engine, ours first."""
    found = {
        "ours": snakemake_tree(folder / "ours", stages, OURS),
        f"snakemake {metadata.version('snakemake')}": snakemake_tree(
            folder / "alone", stages, ALONE
        ),
    }
    if dvc is not None:
        said = subprocess.run([dvc, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
        found[f"dvc {said.stdout.strip()}"] = dvc_tree(folder / "dvc", stages, dvc)
    return found


def finished(engine: Engine, tree: Path, stages: int) -> None:
    """Run everything in a copy of the tree, and look whether it is there."""
    shutil.copytree(engine.template, tree)
    engine(engine.run, tree)
    missing = [to for _, to in steps(stages) if not (tree / to).is_file()]
    assert not missing, missing[0]


def report_rows(
    report: Report,
    what: str,
    stages: int,
    rounds: int,
    works: Mapping[str, Callable[[], object]],
    divisor: int = 1,
) -> None:
    """Measure all engines by turns; a row for each peer."""
    seconds = {name: s / divisor for name, s in turns(works, rounds, time.perf_counter).items()}
    for name in list(works)[1:]:
        both = {"ours": seconds["ours"], name: seconds[name]}
        report.add(row_of(what, f"{stages:,} stages", both))


def planning(report: Report, folder: Path, stages: int, dvc: str | None, rounds: int) -> None:
    """Nothing is there: what would run?"""
    works = {
        name: lambda e=engine: e(e.plan, e.template)
        for name, engine in engines(folder, stages, dvc).items()
    }
    report_rows(report, "dry run, nothing there", stages, rounds, works)


def execution(report: Report, folder: Path, stages: int, dvc: str | None, rounds: int) -> None:
    """Run everything; then, in the last tree of each, look again."""
    made = engines(folder / "templates", stages, dvc)
    started = made | {"ours, jobs started anew": replace(made["ours"], variables={SWITCH: "0"})}
    names: Iterator[int] = itertools.count()
    last: dict[str, Path] = {}

    def run(name: str) -> None:
        last[name] = folder / str(next(names))
        finished(started[name], last[name], stages)

    works: dict[str, Callable[[], object]] = {name: lambda n=name: run(n) for name in started}
    report_rows(report, RUN, stages, rounds, works, stages)
    again: dict[str, Callable[[], object]] = {
        name: lambda n=name: made[n](made[n].plan, last[n]) for name in made
    }
    report_rows(report, "dry run, everything finished", stages, rounds, again)


def whole(report: Report, folder: Path, stages: int, dvc: str | None) -> None:
    """Run everything, once by each engine; the spread is over the tenths of a run."""
    seconds, took = {}, {}
    for name, engine in engines(folder / "templates", stages, dvc).items():
        tree = folder / str(len(seconds))
        began = time.time()
        finished(engine, tree, stages)
        ended = time.time()
        made = [(tree / to).stat().st_mtime for _, to in steps(stages)]
        seconds[name], took[name] = by_tenths(began, made, ended), ended - began
    for name in list(seconds)[1:]:
        both = {"ours": seconds["ours"], name: seconds[name]}
        note = f"by tenths of a run: {took['ours']:.0f} s, {took[name]:.0f} s in all"
        report.add(row_of(RUN, f"{stages:,} stages", both, note=note))


def by_tenths(began: float, made: Sequence[float], ended: float) -> NDArray[np.float64]:
    """Seconds a stage in each tenth of a run (10,), from when its files were made.

    made: times (N,), N divisible by 10. The first tenth holds the engine's start, the last its end.
    """
    each = len(made) // 10
    ends = [*sorted(made)[each - 1 : -1 : each], ended]
    return np.diff([began, *ends]) / each


def found_dvc(args: Namespace) -> str | None:
    """The path of DVC, or None and a line that says so."""
    path = shutil.which(args.dvc)
    if path is None:
        print("dvc is not installed (pip install '.[benchmark]', or --dvc PATH): left out")
    return path and os.path.abspath(path)  # noqa: PTH100 - links of environments stay


def main() -> None:
    """Plan the DAG and execute a smaller one, or execute it."""
    parser = options(__doc__, rounds=3)
    parser.add_argument("--stages", type=int, default=1000, help="of the DAG")
    parser.add_argument("--fewer", type=int, default=100, help="stages of the smaller one")
    parser.add_argument("--whole", action="store_true", help="execute the DAG, nothing else")
    parser.add_argument("--dvc", default="dvc", help="its executable")
    args = parser.parse_args()
    dvc, report = found_dvc(args), Report(args.rows)
    stages, fewer = (20, 10) if args.quick else (args.stages, args.fewer)
    with tempfile.TemporaryDirectory(prefix="engines-") as name:
        if args.whole:
            whole(report, Path(name), stages, dvc)
            return
        planning(report, Path(name) / "planned", stages, dvc, args.rounds)
        execution(report, Path(name) / "fewer", fewer, dvc, args.rounds)


if __name__ == "__main__":
    main()
