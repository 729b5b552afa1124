"""Every benchmark, one after another, and the README's section of them.

    python benchmarks/all.py [--only NAME ...] [--quick] [--dvc PATH]

Each runs in a process of its own, on one thread. What it measured replaces what was known of it in
benchmarks/measured.json, and the README's section is written anew from that file: with --only, the
others keep their lines and dates. --quick takes tiny sizes, prints the section and writes nothing.
An idle machine is needed: times that another program stretches are measured all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from measure import read_rows
from readme import CUDA, block, rewritten

from lemmata.provenance.environment import hardware

HERE = Path(__file__).parent
README, KEPT = HERE.parent / "README.md", HERE / "measured.json"
SOFTWARE = ("numpy", "scipy", "torch", "snakemake")
IDLE = 0.5
"""Load average up to which a machine counts as idle."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Benchmark:
    """A script, its options, and whether it needs a GPU."""

    script: str
    options: tuple[str, ...] = ()
    gpu: bool = False


def benchmarks(dvc: str) -> dict[str, Benchmark]:
    """All of them, the short ones first."""
    on_gpu = ("--device", "cuda")
    plain = (
        "smooth_calibration crasp generation diffusion_sampling length_generalization lidar"
        " smooth_ece multicalibrators audit limits precision"
    )
    return {
        **{name: Benchmark(name) for name in plain.split()},
        "engines": Benchmark("engines", ("--dvc", dvc)),
        "growth": Benchmark("growth"),
        "runs": Benchmark("runs"),
        "packing": Benchmark("packing"),
        "engines_whole": Benchmark("engines", ("--dvc", dvc, "--whole")),
        f"limits{CUDA}": Benchmark("limits", on_gpu, gpu=True),
        f"packing{CUDA}": Benchmark("packing", on_gpu, gpu=True),
    }


def has_gpu() -> bool:
    """Whether torch sees one, asked in a process of its own."""
    asked = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0  # noqa: S603


def machine(gpu: bool) -> str:
    """Processor, cores, and the GPU where one was used."""
    found = hardware()
    used = f", {_gpu_name()}" if gpu else ""
    return f"{found['cpu']}, {psutil.cpu_count()} cores{used}"


def _gpu_name() -> str:
    import torch

    return str(torch.cuda.get_device_name(0))


def measured(own: Benchmark, quick: bool) -> dict[str, Any] | None:
    """Run one; its rows and where they come from, None if it failed."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        command = [sys.executable, str(HERE / f"{own.script}.py"), "--rows", str(rows)]
        command += [*own.options, *["--quick", "--rounds", "2"] * quick]
        env = {**os.environ, **dict.fromkeys(THREADS, "1")}
        print(f"$ {' '.join(command[1:])}", flush=True)
        said = []
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            assert process.stdout is not None
            for line in process.stdout:
                print(f"  {line}", end="", flush=True)
                said.append(line.strip())
        if process.returncode != 0:
            return None
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(own.gpu),
            "software": {"python": sys.version.split()[0]}
            | {name: metadata.version(name) for name in SOFTWARE},
            "seconds": round(time.perf_counter() - began),
            "left_out": [line for line in said if "left out" in line],
            "rows": [asdict(row) for row in read_rows(rows)],
        }


def main() -> None:
    """Run those that are asked for, keep what they measured, write the section."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes; print, write nothing")
    parser.add_argument("--dvc", default="dvc", help="DVC's executable")
    parser.add_argument("--only", nargs="+", choices=list(benchmarks("")), metavar="NAME")
    args = parser.parse_args()
    known, gpu = benchmarks(args.dvc), has_gpu()
    if (load := os.getloadavg()[0]) > IDLE:
        print(f"the machine is not idle (load {load:.1f}): times of wall clock will be too long")
    kept = json.loads(KEPT.read_text()) if KEPT.is_file() and not args.quick else {}
    failed = []
    for name in args.only or [name for name in known if gpu or not known[name].gpu]:
        entry = measured(known[name], args.quick)
        if entry is None:
            failed.append(name)
            continue
        kept[name] = entry
        if not args.quick:  # at once: the next may take long
            KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    section = block({name: kept[name] for name in known if name in kept})
    if args.quick:
        print(section)
    else:
        README.write_text(rewritten(README.read_text(), section))
    if failed:
        raise SystemExit(f"failed, their old lines are kept: {', '.join(failed)}")


if __name__ == "__main__":
    main()
