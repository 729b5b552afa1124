"""Where a job ran: code version, machine, threads. Recorded, never part of a fingerprint."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from lemmata.provenance import slurm

COMMAND = "LEMMATA_COMMAND"
# Set for jobs that a process with loaded libraries was forked for; in such a process the module of
# this name, an empty one, stands behind all that it was given and before all that it loads itself.
FORKED = "LEMMATA_FORKED"
ENGINES_OWN = "--mode"  # in the command lines that the engine writes for itself
# Variables that can change what a job computes or tell where it ran; nothing else is recorded.
ALLOWED_VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
)


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit of the code in `folder`, whether its tree was dirty, and the diff's sha256.

    None where there is no git or no repository.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=normal") or b""
    dirty = bool(changes.strip())
    diff = (_git(folder, "diff", "HEAD") or b"") if dirty else b""
    return {
        "commit": commit.decode().strip(),
        "dirty": dirty,
        "diff_sha256": hashlib.sha256(diff).hexdigest() if dirty else None,
    }


def _git(folder: Path, *arguments: str) -> bytes | None:
    git = shutil.which("git")
    if git is None:
        return None
    # The commands are fixed; the folder is this project's own.
    done = subprocess.run([git, "-C", str(folder), *arguments], capture_output=True, check=False)  # noqa: S603
    return done.stdout if done.returncode == 0 else None


def hardware() -> dict[str, Any]:
    """Processor, cores, memory and, where torch is loaded and sees one, the GPU."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "gpu": _gpu(),
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _gpu() -> dict[str, Any] | None:
    torch = sys.modules.get("torch")  # never imported for its own sake: that costs over a second
    if torch is None or not torch.cuda.is_available():
        return None
    return {"name": torch.cuda.get_device_name(0), "cuda": torch.version.cuda}


def tell_command() -> None:
    """Let jobs on other machines know the command line of this process, their engine's.

    Clusters hand on the environment. An engine that another one started says nothing.
    """
    if ENGINES_OWN not in sys.orig_argv:
        os.environ[COMMAND] = json.dumps(sys.orig_argv)


def command() -> list[str]:
    """The command line of the engine that runs this job (of this process, where there is none)."""
    found = sys.orig_argv
    for process in psutil.Process().parents():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if any("snakemake" in Path(word).name for word in line[:3]):
                found = line  # the outermost one is what a person typed
    if ENGINES_OWN in found and (told := os.environ.get(COMMAND)):
        found = json.loads(told)
    return list(found)


def place() -> dict[str, Any]:
    """Host, process, engine, allowed environment variables and SLURM's facts of this job.

    forked: whether the process was forked with its libraries loaded, or started anew.
    """
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "python": platform.python_version(),
        "snakemake": metadata.version("snakemake"),
        "forked": FORKED in os.environ,
        "environment": {k: os.environ[k] for k in ALLOWED_VARIABLES if k in os.environ},
        "slurm": slurm.facts(),
    }


def usage() -> dict[str, float]:
    """CPU seconds and peak memory (MiB) of this process so far, with its ended children.

    cpu_s: of the process, from its start, and of every child that it waited for; process_s: the
    seconds since that start (wall_s begins after the imports), to hold cpu_s against.
    peak_memory_mib: the peak resident memory of whichever was largest. Not their sum: the system
    counts a child's memory from before it becomes another program, when it is its parent's. That of
    a forked job includes the libraries which it shares with the others, some 0.5 GiB.
    gpu_peak_memory_mib: what torch held at most, over all GPUs; only where torch has used one.
    """
    import resource  # not on Windows; imported where used

    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peaks_kib = [_own_peak_kib() or used[0].ru_maxrss, used[1].ru_maxrss]
    found = {
        "cpu_s": round(sum(one.ru_utime + one.ru_stime for one in used), 3),
        "process_s": round(_age_s(), 3),
        "peak_memory_mib": round(max(peaks_kib) / 1024, 1),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        held = sum(map(torch.cuda.max_memory_reserved, range(torch.cuda.device_count())))
        found["gpu_peak_memory_mib"] = round(held / 2**20, 1)
    return found


def _age_s() -> float:
    """Seconds since this process was started."""
    status = Path("/proc/self/stat")
    if not status.exists():
        return time.time() - psutil.Process().create_time()
    # Both since boot: psutil adds the time of boot, which the system tells in whole seconds.
    ticks = int(status.read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _own_peak_kib() -> int | None:
    """Peak of this program alone; `getrusage` includes what its parent held when it was started."""
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return None
