"""The job context: every script of the DAG runs inside ``with job(snakemake) as j:``.

It opens the log, fixes threads and library seeds, measures the inputs, computes the fingerprint,
hands out temporary names for the outputs, publishes them in one step each, and writes the record
last. On failure nothing half-written stays and the attempt is noted beside the log.

Two places are kept for what comes next: at the end of `_open`, before the script's own work, a
lease on the fingerprint would be taken and a store of outputs by fingerprint asked.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import threadpoolctl

from lemmata.config import canonical
from lemmata.errors import LemmataError
from lemmata.provenance import environment
from lemmata.provenance.code import PACKAGE, Code, code_of
from lemmata.provenance.digest import sha256_json
from lemmata.provenance.files import publish, temporary_name
from lemmata.provenance.record import (
    FileEntry,
    entries,
    entry,
    fingerprint,
    read_record,
    record_beside,
    write_record,
)
from lemmata.provenance.session import log, logged, terminable

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

CHECKPOINTS = Path("results/.checkpoints")
RECORD = "record"


@dataclass
class Job:
    """What a script sees.

    input: the rule's inputs; output: for each named output a temporary path (or list of them) that
    is published at success; cfg: the rule's slice of the configuration; stamp: the identity to
    embed in figures, tables and weights; checkpoints: this fingerprint's folder, outside the
    declared outputs, removed at success; segments: what the training loop tells of its runs.
    """

    input: Any
    output: SimpleNamespace
    cfg: dict[str, Any]
    resources: dict[str, Any]
    threads: int
    fingerprint: str
    stamp: dict[str, Any]
    checkpoints: Path
    segments: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Run:
    """The bookkeeping of one attempt, kept out of the script's sight."""

    rule: str
    wildcards: dict[str, str]
    code: Code
    script: str
    inputs: list[FileEntry]
    outputs: dict[Path, Path]  # final name -> temporary name
    record: Path
    log: Path
    started: datetime


@contextlib.contextmanager
def job(snakemake: Snakemake) -> Iterator[Job]:
    """Run a script's work as an audited job; ends with status 1 and one line on LemmataError."""
    log_path = Path(snakemake.log[0])
    with logged(log_path, snakemake.rule), terminable():
        run = _open(snakemake, log_path)
        j = _face(snakemake, run)
        try:
            with threadpoolctl.threadpool_limits(j.threads):
                yield j
            _check_modules(run)
            _close(j, run)
        except BaseException as error:
            _abandon(j, run, error)
            raise


def _open(snakemake: Snakemake, log_path: Path) -> _Run:
    started = datetime.now(UTC)
    planned = snakemake.params.code
    code = code_of(Path(snakemake.scriptdir) / Path(planned["script"]).name)
    if code.digest != planned["digest"]:
        raise LemmataError(f"{planned['script']}: code changed after the run began; run again")
    outputs = _temporary_outputs(snakemake.output)
    return _Run(
        rule=snakemake.rule,
        wildcards={str(k): str(v) for k, v in snakemake.wildcards.items()},
        code=code,
        script=planned["script"],
        inputs=[_measure(Path(name)) for name in snakemake.input],
        outputs=outputs,
        record=Path(snakemake.output[RECORD]),
        log=log_path,
        started=started,
    )


def _face(snakemake: Snakemake, run: _Run) -> Job:
    """The script's view of the run."""
    cfg = canonical(dict(snakemake.params.cfg))
    digests = [item.sha256 for item in run.inputs]
    identity = fingerprint(run.rule, cfg, run.code.digest, run.code.software, digests)
    # Libraries that draw from the global generators (ours do not) then repeat themselves.
    random.seed(int(identity[:8], 16))
    np.random.seed(int(identity[:8], 16))  # noqa: NPY002
    log.info("rule %s, fingerprint %s", run.rule, identity)
    return Job(
        input=snakemake.input,
        output=_names(snakemake.output, run.outputs),
        cfg=cfg,
        resources=dict(snakemake.resources.items()),
        threads=snakemake.threads,
        fingerprint=identity,
        stamp={
            "fingerprint": identity,
            "rule": run.rule,
            "cfg_sha256": sha256_json(cfg),
            "code": run.code.digest,
            "inputs": {item.path: item.sha256 for item in run.inputs},
        },
        checkpoints=CHECKPOINTS / identity,
    )


def _temporary_outputs(output: Any) -> dict[Path, Path]:
    """A temporary name for every output but the record, by final path."""
    token = random.Random().randbytes(4).hex()  # noqa: S311 - a file name, no secret
    paths = {}
    for final in (Path(name) for name in output if name != output[RECORD]):
        for stale in final.parent.glob(f".tmp-????????-{final.name}"):
            stale.unlink()  # left by an attempt that was killed
        paths[final] = temporary_name(final, token)
    return paths


def _names(output: Any, temporary: dict[Path, Path]) -> SimpleNamespace:
    """The rule's own names for its outputs, each with its temporary path or list of paths."""
    names: dict[str, Any] = {}
    for name, value in output.items():
        if name != RECORD:
            single = isinstance(value, str)
            names[name] = temporary[Path(value)] if single else [temporary[Path(v)] for v in value]
    return SimpleNamespace(**names)


def _measure(path: Path) -> FileEntry:
    """Size and sha256 of an input, with the fingerprint of the job that wrote it."""
    if not path.exists():
        raise LemmataError(f"{path}: input is missing")
    beside = record_beside(path)
    return entry(path, None if beside is None else read_record(beside)["fingerprint"])


def _check_modules(run: _Run) -> None:
    """Every module of ours that ran must be in the digest, or its edits would go unnoticed."""
    loaded = {name for name in sys.modules if name.split(".")[0] == PACKAGE}
    hidden = sorted(loaded - set(run.code.modules))
    if hidden:
        raise LemmataError(f"{run.script}: runs {hidden[0]} without a static import of it")


def _close(j: Job, run: _Run) -> None:
    """Publish the outputs, then the record."""
    for final, temporary in run.outputs.items():
        if not temporary.exists():
            raise LemmataError(f"rule {run.rule}: wrote no {final}")
    for final, temporary in run.outputs.items():
        publish(temporary, final)
    outputs = [entry(final, j.fingerprint) for final in run.outputs]
    write_record(run.record, _content(j, run, outputs))
    shutil.rmtree(j.checkpoints, ignore_errors=True)
    log.info("done in %.1f s", (datetime.now(UTC) - run.started).total_seconds())


def _content(j: Job, run: _Run, outputs: list[FileEntry]) -> dict[str, Any]:
    ended = datetime.now(UTC)
    return {
        "fingerprint": j.fingerprint,
        "rule": run.rule,
        "wildcards": run.wildcards,
        "cfg": j.cfg,
        "code": {"script": run.script, "digest": run.code.digest, "modules": run.code.modules},
        "software": run.code.software,
        "inputs": entries(run.inputs),
        "outputs": entries(outputs),
        "git": environment.git_state(Path(__file__).parent),
        "hardware": environment.hardware(),
        "threads": j.threads,
        "place": environment.place(),
        "started": run.started.isoformat(),
        "ended": ended.isoformat(),
        "wall_s": round((ended - run.started).total_seconds(), 3),
        **environment.usage(),
        "segments": j.segments,
        "failed_attempts": _failed_attempts(run.log, j.fingerprint),
        "log": str(run.log),
    }


def _abandon(j: Job, run: _Run, error: BaseException) -> None:
    """Remove what was begun and note the failed attempt beside the log."""
    for temporary in run.outputs.values():
        temporary.unlink(missing_ok=True)
    attempt = {
        "fingerprint": j.fingerprint,
        "rule": run.rule,
        "wildcards": run.wildcards,
        "started": run.started.isoformat(),
        "ended": datetime.now(UTC).isoformat(),
        "error": f"{type(error).__name__}: {error}",
        "segments": j.segments,
        "place": environment.place(),
    }
    with _attempts_file(run.log).open("a") as stream:
        stream.write(json.dumps(attempt, sort_keys=True) + "\n")


def _attempts_file(log_path: Path) -> Path:
    return log_path.with_suffix(".attempts.jsonl")


def _failed_attempts(log_path: Path, identity: str) -> list[dict[str, Any]]:
    """Earlier failures of the same fingerprint; a line cut short by a crash is passed over."""
    attempts = []
    path = _attempts_file(log_path)
    for line in path.read_text().splitlines() if path.exists() else []:
        with contextlib.suppress(json.JSONDecodeError):
            attempts.append(json.loads(line))
    return [attempt for attempt in attempts if attempt.get("fingerprint") == identity]
