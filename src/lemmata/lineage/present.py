"""The present tree: what it would run now, and with which code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError

RESULTS = "results"


def planned_jobs(
    root: Path, targets: Iterable[str] = (), config: Iterable[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every job of the tree at `root`, by the path of its record, raw data first.

    targets: files or rules (none: everything); config: ``KEY=VALUE`` over the tree's own. Raises
    LemmataError with the engine's words where the tree cannot be planned.
    """
    if not has_workflow(root):
        raise LemmataError(f"{root}: holds no Snakefile")
    asked = json.dumps({"targets": list(targets), "config": list(config)})
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "plan.json"
        # A process of its own: the tree's modules may be others than those loaded here.
        command = [sys.executable, "-m", "lemmata.lineage.plan", str(answer), asked]
        done = subprocess.run(  # noqa: S603 - fixed words and JSON
            command, cwd=root, env=environment(root), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise LemmataError(f"{root}: cannot be planned: {engine_words(done.stderr)}")
        jobs: list[dict[str, Any]] = json.loads(answer.read_text())
    return {job["record"]: job for job in jobs}


def planned_for(root: Path, records: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The planned jobs of every scale that `records` were written at."""
    planned: dict[str, dict[str, Any]] = {}
    for scale in sorted(scales(records)):
        planned |= planned_jobs(root, config=[f"scale={scale}"])
    return planned


def scales(records: Iterable[Mapping[str, Any]]) -> set[str]:
    """The scales whose results folders the records' outputs lie in."""
    parts = (Path(item["path"]).parts for record in records for item in record["outputs"])
    return {part[1] for part in parts if len(part) > 2 and part[0] == RESULTS}


def has_workflow(root: Path) -> bool:
    """Whether a workflow can be planned in this folder."""
    return (root / "Snakefile").is_file() or (root / "workflow" / "Snakefile").is_file()


def environment(root: Path) -> dict[str, str]:
    """The tree's own package first, where it has one."""
    own = [str(root.resolve() / "src")] if (root / "src" / "lemmata").is_dir() else []
    paths = [*own, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def engine_words(text: str) -> str:
    """What went wrong, from what the engine printed: our line, else its error, else its last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("lemmata:")]
    errors = [line for line in lines if re.match(r"\w+(Error|Exception)\b", line)]
    return (ours or errors or lines or ["no reason given"])[-1].removeprefix("lemmata: ")
