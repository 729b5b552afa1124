"""Local jobs start from a zygote: a process with the libraries loaded, forked once a job.

Loading numpy, pandas, matplotlib and torch takes longer than most jobs of a small run compute. A
forked job has them from its first moment, in memory that all jobs share until they write to it. It
runs the same script in a process of its own, with the same environment, and computes the same
bytes as one started anew, which a test holds it to. Jobs on a cluster's nodes, in a container, in
an environment of their own, on a GPU (CUDA does not survive a fork), or of several threads (how
many a library uses is settled when it is loaded) are started anew.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lemmata.provenance.environment import FORKED
from lemmata.provenance.slurm import gpus_asked

if TYPE_CHECKING:
    from snakemake.script import PythonScript
    from snakemake.workflow import Workflow

SWITCH = "LEMMATA_ZYGOTE"  # the environment variable that says no with 0
WORTH_JOBS = 10  # fewer jobs spend less on loading libraries than a zygote that loads them all
# As the engine sets them for a job of one thread (snakemake.shell).
ONE_THREAD = dict.fromkeys(
    (
        "GOTO_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
# A process that forks has one thread, else a child may wait for what another of them held. The
# second allocator of pyarrow would start one.
NO_THREADS = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
# glibc gives large arrays back to the system when they are freed. Each page of the next one is then
# fetched and cleared anew, up to a quarter of a study's time.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**28), "MALLOC_TRIM_THRESHOLD_": str(2**29)}
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}  # else a library that looks for one leaves its state behind
TEMPORARY = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")


class Zygote:
    """A process to fork jobs from; it ends with this one, or when this is closed."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        program = Path(__file__).with_name("zygote_process.py")
        # -P: the folder of that file is no place to import from.
        self._process = subprocess.Popen(  # noqa: S603 - this Python, our own file
            [sys.executable, "-P", str(program), str(theirs.fileno()), FORKED],
            pass_fds=[theirs.fileno()],
            env=os.environ | ONE_THREAD | NO_THREADS | KEEP_MEMORY | NO_GPU,
        )
        theirs.close()
        self._loaded = False

    def ready(self) -> bool:
        """Whether the libraries are loaded and the process lives; never waits."""
        if not self._loaded and select.select([self._control], [], [], 0)[0]:
            self._loaded = bool(self._control.recv(1))
        return self._loaded and self._process.poll() is None

    def run(self, script: str, environment: Mapping[str, str]) -> int:
        """Run a Python script in a fork and wait for its end; safe from several threads.

        environment: variables to set for it. Returns the exit status, negative for a signal; raises
        OSError where no process could be made.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            request = {"script": script, "environment": dict(environment)}
            ours.sendall(json.dumps(request).encode() + b"\n")
            answer = ours.makefile().readline()
        if not answer:
            raise OSError("the process that a job is forked from has ended")
        told = json.loads(answer)
        if "refused" in told:
            raise OSError(f"no process could be made for a job: {told['refused']}")
        return int(told["status"])

    def close(self) -> None:
        """End the process; jobs that run go on."""
        self._control.close()
        self._process.wait()


def fork_jobs(workflow: Workflow) -> None:
    """Let a local run's jobs of one thread start from a zygote, if there are enough of them.

    To be called `onstart`, before the first job. LEMMATA_ZYGOTE=0 in the environment prevents it.
    On Linux alone: libraries of other systems need not survive a fork.
    """
    forks = sys.platform == "linux" and os.environ.get(SWITCH) != "0"
    wanted = forks and workflow.local_exec
    if wanted and sum(1 for _ in workflow.dag.needrun_jobs()) >= WORTH_JOBS:
        from snakemake.script import PythonScript

        PythonScript.execute_script = forking(Zygote(), PythonScript.execute_script)


def forking(zygote: Zygote, anew: Callable[..., None]) -> Callable[..., None]:
    """What runs a script of the engine: in a fork where that is the same, else by `anew`.

    Until the zygote has loaded its libraries jobs are started anew, too.
    """

    def execute_script(self: PythonScript, fname: str, edit: bool = False) -> None:
        if not (alike(self) and zygote.ready()):
            anew(self, fname, edit)
            return
        place = self.resources.get("tmpdir")
        environment = ONE_THREAD | {FORKED: "1"} | dict.fromkeys(TEMPORARY if place else (), place)
        status = zygote.run(fname, environment)
        if status:
            raise subprocess.CalledProcessError(status, f"{sys.executable} {fname} (forked)")

    return execute_script


def alike(script: Any) -> bool:
    """Whether a script of the engine asks for this process's own Python with one CPU thread."""
    elsewhere = (script.container_img, script.conda_env, script.env_modules, script.bench_record)
    asked = (gpus_asked(script.resources), script.resources.get("shell_exec"))
    return script.threads == 1 and not any(asked) and not any(elsewhere)
