"""One attempt at a job: what the engine said, measured and named before the work begins."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lemmata.config import canonical
from lemmata.errors import LemmataError
from lemmata.provenance import environment, known_code
from lemmata.provenance.attempts import failed_attempts
from lemmata.provenance.code import Code, code_of
from lemmata.provenance.files import temporary_name
from lemmata.provenance.record import (
    RECORD,
    FileEntry,
    entries,
    entry,
    fingerprint,
    layout,
    read_record,
    record_beside,
)
from lemmata.provenance.session import log
from lemmata.provenance.sources import keep_sources
from lemmata.provenance.store import Store

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake


@dataclass(frozen=True)
class Run:
    """The bookkeeping of one attempt, kept out of the script's sight."""

    rule: str
    wildcards: dict[str, str]
    cfg: dict[str, Any]
    code: Code
    script: str
    project: Path  # the folder that holds workflow/ and src/
    fingerprint: str
    inputs: list[FileEntry]
    outputs: dict[Path, Path]  # final name -> temporary name
    layout: dict[str, Any]
    record: Path
    log: Path
    store: Store
    tolerance: dict[str, Any]
    started: datetime
    resources: dict[str, Any]
    threads: int

    @property
    def library_seed(self) -> int:
        """What Python's and numpy's global generators start from."""
        return int(self.fingerprint[:8], 16)


def open_run(snakemake: Snakemake, log_path: Path, tolerance: Mapping[str, Any]) -> Run:
    """Measure the inputs and compute the fingerprint; LemmataError when either is impossible."""
    started = datetime.now(UTC)
    planned = snakemake.params.code
    script = Path(snakemake.scriptdir) / Path(planned["script"]).name
    known_code.look_up()
    code = code_of(script)
    if code.digest != planned["digest"]:
        raise LemmataError(f"{planned['script']}: code changed after the run began; run again")
    store = Store.of(snakemake.config.get("store", {}))
    if store.kept:
        keep_sources(store.root, script, code)
    cfg = canonical(dict(snakemake.params.cfg))
    inputs = [_measure(Path(name)) for name in snakemake.input]
    digests = [item.sha256 for item in inputs]
    identity = fingerprint(snakemake.rule, cfg, code.digest, code.software, digests)
    log.info("rule %s, fingerprint %s", snakemake.rule, identity)
    return Run(
        rule=snakemake.rule,
        wildcards={str(k): str(v) for k, v in snakemake.wildcards.items()},
        cfg=cfg,
        code=code,
        script=planned["script"],
        project=script.resolve().parents[len(Path(planned["script"]).parts) - 1],
        fingerprint=identity,
        inputs=inputs,
        outputs=_temporary_outputs(snakemake.output),
        layout={
            "input": layout(snakemake.input),
            "output": layout(snakemake.output),
            "log": str(log_path),
        },
        record=Path(snakemake.output[RECORD]),
        log=log_path,
        store=store,
        tolerance=dict(tolerance),
        started=started,
        resources=dict(snakemake.resources.items()),
        threads=snakemake.threads,
    )


def _temporary_outputs(output: Any) -> dict[Path, Path]:
    """A temporary name for every output but the record, by final path."""
    token = random.Random().randbytes(4).hex()  # noqa: S311 - a file name, no secret
    finals = [Path(name) for name in output if name != output[RECORD]]
    return {final: temporary_name(final, token) for final in finals}


def _measure(path: Path) -> FileEntry:
    """Size and sha256 of an input, with the fingerprint of the job that wrote it."""
    if not path.exists():
        raise LemmataError(f"{path}: input is missing")
    beside = record_beside(path)
    return entry(path, None if beside is None else read_record(beside)["fingerprint"])


def record_of(
    run: Run, outputs: Sequence[FileEntry], segments: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The content of the record of a finished run."""
    ended = datetime.now(UTC)
    code = {"script": run.script, "digest": run.code.digest, "script_digest": run.code.script}
    return {
        "fingerprint": run.fingerprint,
        "rule": run.rule,
        "wildcards": run.wildcards,
        "cfg": run.cfg,
        "code": {**code, "modules": run.code.modules, "bystanders": run.code.bystanders},
        "software": run.code.software,
        "seeds": {"libraries": run.library_seed, **dict(seeds_in(run.cfg))},
        "inputs": entries(run.inputs),
        "outputs": entries(outputs),
        "layout": run.layout,
        "tolerance": run.tolerance,
        "git": environment.git_state(Path(__file__).parent),
        "hardware": environment.hardware(),
        "threads": run.threads,
        "resources": plain(run.resources),
        "command": environment.command(),
        "place": environment.place(),
        "started": run.started.isoformat(),
        "ended": ended.isoformat(),
        "wall_s": round((ended - run.started).total_seconds(), 3),
        **environment.usage(),
        "segments": list(segments),
        "failed_attempts": failed_attempts(run.log, run.fingerprint),
        "log": str(run.log),
    }


def seeds_in(cfg: Mapping[str, Any], lead: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every ``seed`` or ``seeds`` of a slice of configuration."""
    for key, value in cfg.items():
        if key in ("seed", "seeds"):
            yield lead + key, value
        elif isinstance(value, Mapping):
            yield from seeds_in(value, f"{lead}{key}.")


def plain(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Resources that are plain values (the engine adds lists of internal names)."""
    return {
        name: value
        for name, value in sorted(resources.items())
        if isinstance(value, str | int | float) and not name.startswith("_")
    }
