"""Made-up records of jobs that ran on a cluster, with times counted from one noon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lemmata.provenance.record import fingerprint_of, write_record

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def record(root: Path, name: str, rule: str, start_s: float, wall_s: float, **more: Any) -> Path:
    """A record of a job that began start_s seconds after noon. more: what differs."""
    started = NOON + timedelta(seconds=start_s)
    content: dict[str, Any] = {
        "rule": rule,
        "cfg": {"name": name},
        "code": {"digest": "c" * 64},
        "software": {"python": "3.11"},
        "inputs": [],
        "outputs": [],
        "resources": {"mem_mb": 2000, "runtime": 60},
        "threads": 1,
        "place": {"host": "there", "slurm": {}},
        "started": started.isoformat(),
        "ended": (started + timedelta(seconds=wall_s)).isoformat(),
        "wall_s": wall_s,
        "process_s": wall_s,
        "cpu_s": wall_s,
        "peak_memory_mib": 100.0,
        **more,
    }
    if content.get("fingerprint") is None:
        content["fingerprint"] = fingerprint_of(content)
    path = root / f"{name}.prov.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record(path, content)
    return path


def under(job_id: str | int, **more: Any) -> dict[str, Any]:
    return {"host": "there", "slurm": {"job_id": job_id, **more}}
