"""The job context: every script of the DAG runs inside ``with job(snakemake) as j:``.

It opens the log, measures the inputs, computes the fingerprint, and takes the lease on it, so that
no second instance works on the same thing. Where the store has the outputs of this fingerprint they
are put back and the script ends there. Otherwise it fixes threads and library seeds, hands out
temporary names for the outputs, watches what is read, publishes the outputs in one step each, and
writes the record last. On failure nothing half-written stays and the attempt is noted.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import threadpoolctl

from lemmata.errors import LemmataError
from lemmata.provenance import environment, slurm
from lemmata.provenance.attempts import note_attempt
from lemmata.provenance.code import module_path
from lemmata.provenance.digest import sha256_file, sha256_json
from lemmata.provenance.files import publish
from lemmata.provenance.lease import Lease, lease
from lemmata.provenance.reads import Watch
from lemmata.provenance.record import RECORD, entry, read_record, write_record
from lemmata.provenance.run import Run, open_run, record_of
from lemmata.provenance.session import log, logged, terminable
from lemmata.provenance.store import place_of

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

CHECKPOINTS = Path("results/.checkpoints")
LEASES = Path(".lemmata/leases")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Before SLURM's time limit: after the profile's signal (120 s before it), for where none comes.
STOP_BEFORE_S = 60.0
# How far numbers may move on other hardware: where all is float64 (measured with other instruction
# sets: 6e-15), and where networks trained in float32 stand behind them, which amplify rounding with
# every step (probabilities: 6e-6 after 40 steps, 3e-3 at scale laptop).
FLOAT64 = {"rtol": 1e-6, "atol": 1e-9}
TRAINED = {"rtol": 1e-2, "atol": 1e-2}


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

    @property
    def gpus(self) -> int:
        """How many GPUs the rule asked for."""
        return slurm.gpus_asked(self.resources)

    def stop_after_s(self) -> float | None:
        """Seconds until training must save and stop, because SLURM's time limit is near.

        None outside SLURM: the `runtime` of a rule bounds no local run.
        """
        left, limit = slurm.time_left_s()
        return None if left is None else max(left - min(STOP_BEFORE_S, limit / 10), 0.0)


@contextlib.contextmanager
def job(snakemake: Snakemake, tolerance: Mapping[str, Any] = FLOAT64) -> Iterator[Job]:
    """Run a script's work as an audited job; ends with status 1 and one line on LemmataError.

    tolerance: how far the numbers of the outputs may move on other hardware, {"rtol", "atol"}, or
    {"machine": why} for a job that measures the machine itself; stated in the record.
    """
    log_path = Path(snakemake.log[0])
    with logged(log_path, snakemake.rule), terminable():
        run = open_run(snakemake, log_path, tolerance)
        with lease(LEASES, run.fingerprint, label=f"{run.rule}, {run.record}") as held:
            if (held.waited and _written(run)) or _restored(run):
                raise SystemExit(0)  # nothing is left to do; the script's body is never entered
            j = _face(snakemake, run)
            try:
                with _watch(j, run) as watch, _limited(j.threads):
                    yield j
                _check_code(watch, run)
                _close(j, run, held)
            except BaseException as error:
                _abandon(j, run, error)
                raise


def _face(snakemake: Snakemake, run: Run) -> Job:
    """The script's view of the run."""
    if not slurm.gpus_asked(run.resources):  # a job that asked for no GPU must not take another's
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    # Libraries that draw from the global generators (ours do not) then repeat themselves.
    random.seed(run.library_seed)
    np.random.seed(run.library_seed)  # noqa: NPY002
    return Job(
        input=snakemake.input,
        output=_names(snakemake.output, run.outputs),
        cfg=run.cfg,
        resources=run.resources,
        threads=run.threads,
        fingerprint=run.fingerprint,
        stamp={
            "fingerprint": run.fingerprint,
            "rule": run.rule,
            "cfg_sha256": sha256_json(run.cfg),
            "code": run.code.digest,
            "inputs": {item.path: item.sha256 for item in run.inputs},
        },
        checkpoints=CHECKPOINTS / run.fingerprint,
    )


def _names(output: Any, temporary: dict[Path, Path]) -> SimpleNamespace:
    """The rule's own names for its outputs, each with its temporary path or list of paths."""
    names: dict[str, Any] = {}
    for name, value in output.items():
        if name != RECORD:
            single = isinstance(value, str)
            names[name] = temporary[Path(value)] if single else [temporary[Path(v)] for v in value]
    return SimpleNamespace(**names)


def _written(run: Run) -> bool:
    """Whether another instance, waited for, has left the outputs of this very fingerprint."""
    try:
        record = read_record(run.record)
        done = record["fingerprint"] == run.fingerprint and all(
            sha256_file(item["path"]) == item["sha256"] for item in record["outputs"]
        )
    except LemmataError:
        return False
    if done:
        log.info("the other instance wrote the outputs; nothing is left to do")
    return done


def _restored(run: Run) -> bool:
    """Put the outputs back from the store, with the record of the job that computed them."""
    place = place_of(map(str, run.outputs), (item.path for item in run.inputs))
    _remove_stale(run)
    record = run.store.restore(run.fingerprint, place, {str(k): v for k, v in run.outputs.items()})
    if record is None:
        return False
    for final, temporary in run.outputs.items():
        publish(temporary, final)
    write_record(run.record, {k: v for k, v in record.items() if k not in ("schema", "digest")})
    host, ended = record["place"]["host"], record["ended"][:19]
    log.info("restored from the store: computed on %s, ended %s", host, ended)
    return True


def _remove_stale(run: Run) -> None:
    """Remove temporary outputs of attempts that were killed; the lease says that none is alive."""
    for final in run.outputs:
        for stale in final.parent.glob(f".tmp-????????-{final.name}"):
            stale.unlink(missing_ok=True)


def _limited(threads: int) -> contextlib.AbstractContextManager[Any]:
    """Hold the numerical libraries to a number of threads.

    Nothing is left to do where the engine's environment told them so when they were loaded.
    """
    if all(os.environ.get(name) == str(threads) for name in THREADS):
        return contextlib.nullcontext()
    limited: contextlib.AbstractContextManager[Any] = threadpoolctl.threadpool_limits(threads)
    return limited


def _watch(j: Job, run: Run) -> Watch:
    """The watch over what the script reads: inputs, its own scratch and code, nothing else."""
    mirror = j.resources.get("mirror")
    return Watch(
        run.rule,
        roots=[Path.cwd(), run.project],
        declared=[*(Path(item.path) for item in run.inputs), *([Path(mirror)] if mirror else [])],
        scratch=[*run.outputs.values(), j.checkpoints, run.log, run.store.root, LEASES],
        code=[
            run.project / run.script,
            *map(module_path, [*run.code.modules, *run.code.bystanders]),
        ],
    )


def _check_code(watch: Watch, run: Run) -> None:
    """Every module of ours that ran must be in the digest, or its edits would go unnoticed."""
    watch.check()
    hidden = watch.undeclared_modules()
    if hidden:
        raise LemmataError(f"{run.script}: runs {hidden[0]} without a static import of it")


def _close(j: Job, run: Run, held: Lease) -> None:
    """Publish the outputs, then the record."""
    for final, temporary in run.outputs.items():
        if not temporary.exists():
            raise LemmataError(f"rule {run.rule}: wrote no {final}")
    if not held.still_ours():
        raise LemmataError(f"{run.record}: another instance has taken over; nothing published")
    for final, temporary in run.outputs.items():
        publish(temporary, final)
    outputs = [entry(final, j.fingerprint) for final in run.outputs]
    write_record(run.record, record_of(run, outputs, j.segments))
    run.store.keep(read_record(run.record), {str(final): final for final in run.outputs})
    shutil.rmtree(j.checkpoints, ignore_errors=True)
    log.info("done in %.1f s", (datetime.now(UTC) - run.started).total_seconds())


def _abandon(j: Job, run: Run, error: BaseException) -> None:
    """Remove what was begun and note the failed attempt beside the log."""
    for temporary in run.outputs.values():
        temporary.unlink(missing_ok=True)
    note_attempt(
        run.log,
        {
            "fingerprint": j.fingerprint,
            "rule": run.rule,
            "wildcards": run.wildcards,
            "started": run.started.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
            "error": f"{type(error).__name__}: {error}",
            "segments": j.segments,
            "place": environment.place(),
        },
    )
