"""Each job of a crate as the actions of the profile.

A CreateAction says that a script (instrument) made outputs (result) of inputs and parameters
(object), a ControlAction that a step did so. Failed attempts are CreateActions that failed. The
record is the file that tells of the action (subjectOf).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lemmata.lineage.crate.builder import Graph
from lemmata.lineage.crate.contents import Contents, record_path
from lemmata.lineage.crate.vocabulary import (
    COMPLETED,
    FAILED,
    UNITS,
    Ref,
    file_id,
    instant,
    local_id,
    ref,
)
from lemmata.lineage.crate.workflow import script_id, step_id
from lemmata.lineage.differences import leaves, title
from lemmata.provenance.digest import canonical_json, sha256_json


def add_jobs(graph: Graph, contents: Contents, agent: Ref | None) -> list[Ref]:
    """Add the actions of every job; their ControlActions."""
    place = contents.identifiers
    return [control for job in contents.jobs for control in _add_job(graph, job, place, agent)]


def job_id(job: Mapping[str, Any]) -> str:
    """The identifier of a job's action: its record's, for one fingerprint may stand for several."""
    return local_id("job", record_path(job))


def _add_job(
    graph: Graph, job: Mapping[str, Any], place: Mapping[str, str], agent: Ref | None
) -> Iterator[Ref]:
    identifier, name = job_id(job), record_path(job)
    common = {
        "instrument": ref(script_id(job)),
        "object": [
            *(ref(place[item["path"]]) for item in job["inputs"]),
            *_parameters(graph, job["cfg"]),
        ],
        "agent": agent,
    }
    action = graph.add(
        identifier,
        "CreateAction",
        name=title(job),
        description=f"fingerprint {job['fingerprint']}",
        result=[ref(place[item["path"]]) for item in job["outputs"]],
        startTime=instant(job["started"]),
        endTime=instant(job["ended"]),
        actionStatus=COMPLETED,
        environment=_environment(graph, job),
        resourceUsage=_usage(graph, job),
        subjectOf=ref(file_id(name)),
        **common,
    )
    graph.say(file_id(name), about=action)
    yield _control(graph, job, action, name, COMPLETED)
    for number, attempt in enumerate(job["failed_attempts"], start=1):
        failed = graph.add(
            f"{identifier}/attempt/{number}",
            "CreateAction",
            name=f"{title(job)}, failed attempt {number}",
            description=f"fingerprint {attempt['fingerprint']}",
            startTime=instant(attempt["started"]),
            endTime=instant(attempt["ended"]),
            actionStatus=FAILED,
            error=attempt["error"],
            subjectOf=ref(file_id(name)),
            **common,
        )
        yield _control(graph, job, failed, f"{name}/attempt/{number}", FAILED)


def _control(graph: Graph, job: Mapping[str, Any], action: Ref, name: str, status: str) -> Ref:
    return graph.add(
        local_id("control", name),
        "ControlAction",
        name=f"Snakemake on {job['rule']}",
        instrument=ref(step_id(job["rule"])),
        object=action,
        actionStatus=status,
    )


def _parameters(graph: Graph, cfg: Mapping[str, Any]) -> Iterator[Ref]:
    for key, value in leaves(cfg):
        yield _value(graph, "cfg", key, value)


def _environment(graph: Graph, job: Mapping[str, Any]) -> list[Ref]:
    """Variables, hardware, host and threads, and the SLURM job that it ran in."""
    place, hardware = job["place"], job["hardware"]
    slurm = place.get("slurm", {})
    said = {
        **place["environment"],
        **{f"hardware.{key}": value for key, value in leaves(hardware)},
        **{f"slurm.{key}": slurm[key] for key in ("job_id", "partition", "node") if key in slurm},
        "host": place["host"],
        "python": place["python"],
        "threads": job["threads"],
    }
    return [_value(graph, "environment", key, said[key]) for key in sorted(said)]


def _value(graph: Graph, kind: str, key: str, value: Any) -> Ref:
    """A PropertyValue, one for all who say the same; what is no scalar is said in JSON."""
    scalar = isinstance(value, str | int | float)
    return graph.add(
        local_id(kind, key, sha256_json([key, value])[:16]),
        "PropertyValue",
        name=key,
        value=value if scalar else canonical_json(value).decode(),
    )


def _usage(graph: Graph, job: Mapping[str, Any]) -> list[Ref]:
    return [
        graph.add(
            local_id("usage", record_path(job), name),
            "PropertyValue",
            name=name,
            propertyID=name,
            value=job[name],
            unitCode=unit,
        )
        for name, unit in UNITS.items()
        if name in job
    ]
