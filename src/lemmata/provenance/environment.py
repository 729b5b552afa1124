"""Where a job ran: code version, machine, threads. Recorded, never part of a fingerprint."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

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
    diff = _git(folder, "diff", "HEAD") or b""
    return {
        "commit": commit.decode().strip(),
        "dirty": bool(changes.strip()),
        "diff_sha256": hashlib.sha256(diff).hexdigest() if changes.strip() else None,
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


def command() -> list[str]:
    """The command line of the engine that runs this job (of this process, where there is none)."""
    found = sys.orig_argv
    for process in psutil.Process().parents():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if any("snakemake" in Path(word).name for word in line[:3]):
                found = line  # the outermost one is what a person typed
    return list(found)


def place() -> dict[str, Any]:
    """Host, process, engine, allowed environment variables and SLURM ids of this job."""
    slurm = {k: v for k, v in os.environ.items() if k in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT")}
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "python": platform.python_version(),
        "snakemake": metadata.version("snakemake"),
        "environment": {k: os.environ[k] for k in ALLOWED_VARIABLES if k in os.environ},
        "slurm": slurm,
    }


def usage() -> dict[str, float]:
    """CPU seconds and peak resident memory (MiB) of this process so far."""
    import resource  # not on Windows; imported where used

    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "peak_memory_mib": round(used.ru_maxrss / 1024, 1),
    }
