"""A `snakemake` object as the engine hands it to a script, built from the engine's own classes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lemmata.provenance.code import code_of

HARNESS = """
import json, runpy, sys
from snakemake.iocontainers import (
    InputFiles, Log, OutputFiles, Params, ResourceList, Snakemake, Wildcards
)
said = json.loads(sys.argv[1])
snakemake = Snakemake(
    InputFiles(fromdict=said["input"]), OutputFiles(fromdict=said["output"]),
    Params(fromdict=said["params"]), Wildcards(fromdict=said["wildcards"]), said["threads"],
    ResourceList(fromdict=said["resources"]), Log(toclone=[said["log"]], plainstr=True), {},
    said["rule"], None, scriptdir=said["scriptdir"],
)
runpy.run_path(said["script"], init_globals={"snakemake": snakemake})
"""


def command(
    script: Path,
    *,
    rule: str = "some_rule",
    input: dict[str, Any] | None = None,  # noqa: A002 - the engine's word
    output: dict[str, Any],
    cfg: dict[str, Any] | None = None,
    log: str = "logs/job.log",
    digest: str | None = None,
    resources: dict[str, Any] | None = None,
    wildcards: dict[str, str] | None = None,
) -> list[str]:
    """The command that runs `script` as a job; paths are relative to the working directory."""
    import json

    said = {
        "rule": rule,
        "script": str(script),
        "scriptdir": str(script.parent),
        "input": input or {},
        "output": output,
        "params": {
            "cfg": cfg or {},
            "code": {"script": script.name, "digest": digest or code_of(script).digest},
        },
        "wildcards": wildcards or {},
        "threads": 1,
        "resources": resources or {},
        "log": log,
    }
    return [sys.executable, "-c", HARNESS, json.dumps(said)]


def run(script: Path, folder: Path, **job: Any) -> subprocess.CompletedProcess[str]:
    """Run a script as a job in `folder` and wait for its end."""
    return subprocess.run(
        command(script, **job),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
