"""A small project, and scripts in it whose reads are watched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAD = """
import io, importlib, os, sys, threading
from pathlib import Path
import numpy as np
{early}
from lemmata.errors import LemmataError
from lemmata.provenance.reads import Watch
def watch(**more):
    named = dict(
        roots=[Path.cwd()], declared=[Path("results/in.txt"), Path("mirror"), Path("link.txt")],
        scratch=map(Path, ["results/.tmp-out.txt", "results/.checkpoints/f", "logs/job.log"]),
        code=[Path("workflow/scripts/do.py"), Path("src/known.py"), Path("src/pack/__init__.py")],
    )
    return Watch("some_rule", **named | more)
sys.path[:0] = ["src"]
"""
FILES = {
    "config/config.yaml": "a: 1\n",
    "results/in.txt": "input",
    "results/other.txt": "1,2\n3,4\n",
    "results/other.prov.json": "{}",
    "results/.checkpoints/f/step.pt": "state",
    "results/.checkpoints/g/step.pt": "state",
    "mirror/deep/file": "data",
    "logs/job.log": "",
    ".snakemake/scripts/tmp1.py": "",
    ".lemmata/store/objects/x": "",
    "workflow/scripts/do.py": "",
    "src/known.py": "value = 1\n",
    "src/hidden.py": "value = 2\n",
    "src/pack/__init__.py": "",
    "src/pack/inner.py": "value = 3\n",
}


def said(folder: Path, body: str, early: str = "", **environment: str) -> str:
    """What the script says on standard error, last line; empty when it ends well."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD.replace("{early}", early) + body],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
    )
    assert (done.returncode == 0) == (done.stderr == ""), done.stderr
    return done.stderr.strip().splitlines()[-1] if done.stderr else ""


def within(*lines: str) -> str:
    return "\n    ".join(["with watch() as w:", *lines]) + "\nw.check()\n"
