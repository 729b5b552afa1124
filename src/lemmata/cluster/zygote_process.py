"""The zygote's own program: load the libraries once, then fork a fresh process for each script.

    python -P zygote_process.py <number of a socket's end> <name for a module behind the libraries>

Run as a file by `zygote.Zygote`, never imported, and nothing of this package is loaded here: a job
begins with the libraries alone, reads this package's code as it stands then, and is watched from
there on like any other. What a library sets up when it is loaded is all that two jobs share; every
job has its own copy of it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

# What scripts import most, themselves or by another; none starts a thread when it is loaded.
LIBRARIES = (
    "jinja2",
    "jsonschema",
    "lark",
    "lightgbm",
    "markdown_it",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "numpy",
    "pandas",
    "psutil",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pyarrow.pandas_compat",
    "relplot",
    "safetensors.torch",
    "scipy.integrate",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.naive_bayes",
    "sklearn.neural_network",
    "sklearn.svm",
    "snakemake.io",
    "snakemake.iocontainers",
    "snakemake.logging",
    "statsmodels.stats.inter_rater",
    "statsmodels.stats.multitest",
    "statsmodels.stats.proportion",
    "threadpoolctl",
    "torch",
    "torch._dynamo",  # which the first step of every optimizer loads, and sympy with it
    "yaml",
)
READY = b"."


def main() -> None:
    """Load the libraries, say so, and serve until the engine has closed its end."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # The engine's end is this one's end; jobs keep what there was, as in the background nothing is.
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Sent to the group, it is for the jobs to tell how they end, and for this process to hear it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):  # an optional one is loaded by the job or not at all
            importlib.import_module(library)
    sys.modules[sys.argv[2]] = ModuleType(sys.argv[2], "What was loaded before the fork ends here.")
    forget_the_end()
    gc.collect()
    gc.freeze()  # else each child's collector would write to, and so copy, all that they share
    serve(control, interrupted)


def serve(control: socket.socket, interrupted: Any) -> None:
    """Fork for each socket that comes over the control socket, until its other end is closed.

    Each socket brings one line of what to run and takes one back: the exit status of the process
    that ran it, negative for a signal as `subprocess` has it, or why none could be made.
    interrupted: a job's way with SIGINT.
    """
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing would wake
    signal.set_wakeup_fd(wake)
    waiting: dict[int, socket.socket] = {}  # who is to be told, by the process that runs
    sources: list[Any] = [control, ended]
    control.sendall(READY)
    while True:
        ready, _, _ = select.select(sources, [], [])
        if ended in ready:
            os.read(ended, 1024)
            tell(waiting)
        if control in ready:
            word, received, *_ = socket.recv_fds(control, 1, 1)
            if not word:
                return
            connection = socket.socket(fileno=received[0])
            request = connection.makefile().readline()
            if not request:  # the engine's end was closed before it said what to run
                connection.close()
                continue
            with held_back():
                try:
                    process = os.fork()
                except OSError as error:  # no memory, or too many processes: the others go on
                    answer(connection, {"refused": str(error)})
                    continue
                if process == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    signal.signal(signal.SIGINT, interrupted)
            if process == 0:
                for end in (ended, wake):
                    os.close(end)
                for other in (control, connection, *waiting.values()):
                    other.close()
                asked = json.loads(request)
                os._exit(run(asked["script"], asked["environment"]))
            waiting[process] = connection


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Let signals that ask for an end wait, so that a job gets those that come while it begins."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def tell(waiting: dict[int, socket.socket]) -> None:
    """Tell of every process that has ended how it did."""
    while waiting:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        answer(waiting.pop(process), {"status": os.waitstatus_to_exitcode(status)})


def answer(connection: socket.socket, told: dict[str, Any]) -> None:
    """Tell whoever waits at the other end, and close this one."""
    with connection, contextlib.suppress(OSError):  # nobody listens
        connection.sendall(json.dumps(told).encode() + b"\n")


def forget_the_end() -> None:
    """Take back what the libraries wanted done at the end of the process that loaded them.

    In each child that would be a tenth of a second: torch unregisters its operators, its compiler
    loads another library to format how long it compiled. What a job registers is done at its end.
    """
    for registered in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        registered.atexit = False
    with contextlib.suppress(ImportError, AttributeError):  # another torch may have no such thing
        atexit.unregister(importlib.import_module("torch._dynamo.utils").dump_compile_times)


def run(script: str, environment: dict[str, str]) -> int:
    """Run a script as the interpreter would, exit handlers included; its exit status."""
    os.environ.update(environment)
    sys.argv = [script]
    sys.modules.pop("__mp_main__", None)  # this file, by the name that multiprocessing gave it
    sys.path.insert(0, str(Path(script).resolve().parent))
    try:
        runpy.run_path(script, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = _status(end.code)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _status(code: object) -> int:
    """The exit status that the interpreter makes of what `sys.exit` was given."""
    if isinstance(code, int):
        return code & 0xFF
    if code is None:
        return 0
    print(code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    main()
