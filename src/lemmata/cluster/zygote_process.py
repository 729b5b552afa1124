"""The zygote's own program: load the libraries once, then fork a fresh process for each script.

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
import signal
import socket
import sys
import traceback
import weakref
from pathlib import Path
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
    """Fork for each socket that comes over the control socket, until its other end is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # The engine's end is this one's end; jobs keep what there was, as in the background nothing is.
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):  # an optional one is loaded by the job or not at all
            importlib.import_module(library)
    forget_the_end()
    gc.collect()
    gc.freeze()  # else each child's collector would write to, and so copy, all that they share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are not waited for
    control.sendall(READY)
    while True:
        word, received, *_ = socket.recv_fds(control, 1, 1)
        if not word:
            return
        if os.fork() == 0:
            control.close()
            supervise(socket.socket(fileno=received[0]), interrupted)
            os._exit(0)
        os.close(received[0])


def forget_the_end() -> None:
    """Take back what the libraries wanted done at the end of the process that loaded them.

    In each child that would be a tenth of a second: torch unregisters its operators, its compiler
    loads another library to format how long it compiled. What a job registers is done at its end.
    """
    for registered in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        registered.atexit = False
    with contextlib.suppress(ImportError, AttributeError):  # another torch may have no such thing
        atexit.unregister(importlib.import_module("torch._dynamo.utils").dump_compile_times)


def supervise(connection: socket.socket, interrupted: Any) -> None:
    """Read what to run, run it in a process of its own, and tell how that ended.

    interrupted: the job's way with SIGINT. The answer is the exit status, negative for a signal as
    `subprocess` has it.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(connection.makefile().readline())
    job = os.fork()
    if job == 0:
        connection.close()
        signal.signal(signal.SIGINT, interrupted)
        os._exit(run(request["script"], request["environment"]))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # sent to the group: the job's answer counts
    _, status = os.waitpid(job, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


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
