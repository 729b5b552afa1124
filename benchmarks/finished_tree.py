"""A project that looks finished although nothing was computed: for timing what reads big trees.

Every output of every planned job is written as a small sound file with its stamp, every record as
the job itself would write it, and the engine takes its notes with `--touch`. So the engine has
nothing to do, and `lemmata why` and `lemmata audit` find every file intact.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import yaml

from lemmata.lineage.present import environment, planned_jobs
from lemmata.plotting import save_figure
from lemmata.provenance.content import stamped_page
from lemmata.provenance.digest import sha256_json
from lemmata.provenance.record import FileEntry, entry, fingerprint, write_record
from lemmata.tables import write_table
from lemmata.training.weights import save_weights

PARTS = ("Snakefile", "config", "profiles", "src", "workflow")
# `--touch` sleeps a tenth of a second a job, so that dates differ; ours are in order already.
TOUCH = (
    "import sys; import snakemake.executors.touch as touch; touch.Executor.SLEEPING_TIME = 0; "
    "from snakemake.cli import main; main(sys.argv[1:])"
)
ROWS = 200  # of each table: some kB, as a seed's predictions are


def copy_project(source: Path, folder: Path, settings: Mapping[str, Any]) -> Path:
    """A copy of what the DAG runs on, with `settings` laid over its config/config.yaml."""
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    folder.mkdir(parents=True)
    for name in PARTS:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, ignore=skip)
        else:
            shutil.copy2(source / name, folder / name)
    path = folder / "config" / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **settings}))
    return folder


def finish(tree: Path) -> dict[str, dict[str, Any]]:
    """Write every output and record of `tree`, and let the engine note them; returns the plan."""
    planned = planned_jobs(tree)
    known: dict[str, FileEntry] = {}
    here = Path.cwd()
    os.chdir(tree)  # records and stamps name paths as the engine does, from the project's folder
    try:
        for job in planned.values():
            _pretend(job, known)
    finally:
        os.chdir(here)
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", TOUCH, "--touch", "--forceall", "--cores", "1000", "--quiet"],
        cwd=tree,
        env=environment(tree),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return planned


def _pretend(job: Mapping[str, Any], known: dict[str, FileEntry]) -> None:
    """Outputs and record of one job whose inputs were pretended before."""
    # What no job writes is a file of the project, as the answers of a published survey.
    inputs = [known.get(path) or entry(Path(path)) for path in job["inputs"]]
    code = job["code"]["digest"]
    digests = [item.sha256 for item in inputs]
    identity = fingerprint(job["rule"], job["cfg"], code, job["software"], digests)
    stamp = {
        "fingerprint": identity,
        "rule": job["rule"],
        "cfg_sha256": sha256_json(job["cfg"]),
        "code": code,
        "inputs": {item.path: item.sha256 for item in inputs},
    }
    paths = [Path(name) for name in job["outputs"]]
    for path in sorted(paths, key=lambda path: path.suffix in (".png", ".svg")):  # drawn from data
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, stamp, job["layout"]["output"].get("data"))
    outputs = [entry(path, identity) for path in paths]
    known.update((item.path, item) for item in outputs)
    write_record(Path(job["record"]), _record(job, identity, inputs, outputs))


def _write(path: Path, stamp: Mapping[str, Any], drawn: str | None) -> None:
    match path.suffix:
        case ".parquet":
            values = np.random.default_rng(0).random(ROWS)
            write_table(pd.DataFrame({"p": values, "y": values > values.mean()}), path, stamp)
        case ".safetensors":
            save_weights(torch.nn.Linear(32, 32), path, stamp)
        case ".png" | ".svg":
            fig, _ = plt.subplots(figsize=(1, 1))
            save_figure(fig, [path], stamp, dpi=72, table=drawn)
        case ".html":
            path.write_text(stamped_page("<html><head></head><body></body></html>", stamp))
        case ".json":
            path.write_text(json.dumps({}))
        case _:
            with path.open("w", newline="") as stream:
                csv.writer(stream).writerow(["x"])


def _record(
    job: Mapping[str, Any], identity: str, inputs: Iterable[FileEntry], outputs: Iterable[FileEntry]
) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        **{name: job[name] for name in ("rule", "wildcards", "cfg", "code", "software", "layout")},
        "fingerprint": identity,
        "inputs": [asdict(item) for item in inputs],
        "outputs": [asdict(item) for item in outputs],
        "seeds": {},
        "tolerance": {"rtol": 0.0, "atol": 0.0},
        "git": None,
        "hardware": {},
        "threads": 1,
        "resources": {},
        "command": [],
        "place": {"host": "nowhere"},
        "started": now,
        "ended": now,
        "wall_s": 1.0,
        "cpu_s": 1.0,
        "peak_memory_mib": 1.0,
        "segments": [],
        "failed_attempts": [],
        "log": job["layout"]["log"],
    }
