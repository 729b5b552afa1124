"""Putting outputs back from the store before the engine plans: no job is submitted for them.

A job looks into the store by itself when it starts. On a cluster it has then already waited for its
GPU; this does the same from where the engine is started, for all jobs at once.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.present import engine_words, environment
from lemmata.provenance.files import publish, temporary_name
from lemmata.provenance.record import fingerprint, write_record
from lemmata.provenance.store import Store, place_of

LOCKS = Path(".snakemake/locks")


def restore(
    planned: Mapping[str, Mapping[str, Any]],
    root: Path,
    store: Store,
    config: Sequence[str] = (),
) -> tuple[list[str], int]:
    """Put back what the store has of the jobs that would run, and tell the engine.

    planned: `present.planned_jobs` of `root`, which must be the working directory; config: the
    ``KEY=VALUE`` that it was planned with. Returns the records put back and how many jobs are left
    to run. Raises LemmataError when an engine is at work here, or will not take note.
    """
    if any((root / LOCKS).glob("*")):
        raise LemmataError(f"{root}: Snakemake is at work here (or was killed: --unlock)")
    hashes = Hashes(root)
    restored: list[str] = []
    pending: set[str] = set()
    for job in planned.values():
        if not job["needrun"]:
            continue
        if pending.isdisjoint(job["inputs"]) and _put_back(job, root, store, hashes):
            restored.append(job["record"])
        else:
            pending.update([*job["outputs"], job["record"]])
    if restored:
        _tell_engine(root, restored, config)
    return restored, sum(job["needrun"] for job in planned.values()) - len(restored)


def _put_back(job: Mapping[str, Any], root: Path, store: Store, hashes: Hashes) -> bool:
    facts = [hashes.facts(root / path) for path in job["inputs"]]
    digests = [fact.sha256 for fact in facts if fact is not None]
    if len(digests) < len(facts):
        return False
    identity = fingerprint(job["rule"], job["cfg"], job["code"]["digest"], job["software"], digests)
    targets = {path: temporary_name(root / path, "restore") for path in job["outputs"]}
    for temporary in targets.values():
        temporary.parent.mkdir(parents=True, exist_ok=True)
    record = store.restore(identity, place_of(job["outputs"], job["inputs"]), targets)
    if record is None:
        return False
    for path, temporary in targets.items():
        publish(temporary, root / path)
    body = {key: value for key, value in record.items() if key not in ("schema", "digest")}
    write_record(root / job["record"], body)
    return True


def _tell_engine(root: Path, records: Sequence[str], config: Sequence[str]) -> None:
    """Have the engine note the outputs of these jobs as made (its own ``--touch``)."""
    chosen = ["--config", *config] if config else []
    # Forced, because it leaves alone what looks made, also where its notes on it are lost.
    touch = ["--touch", "--forcerun", *records]
    command = [sys.executable, "-m", "snakemake", *records, *touch, *chosen, "--quiet", "all"]
    done = subprocess.run(  # noqa: S603 - planned file names
        command,
        cwd=root,
        env={**environment(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LemmataError(
            f"{root}: restored files could not be noted: {engine_words(done.stderr)}"
        )
