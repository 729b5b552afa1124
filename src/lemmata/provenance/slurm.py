"""What SLURM says of the job that this process runs in, and how SLURM writes its numbers.

Inside a script little of SLURM's own environment is left: the executor runs each job as a step of
an allocation whose variables it takes away first, and the step's job name is that of the program.
What is missing (name, account, quality of service, memory, time limit, restarts, times) comes from
one call of `scontrol`, which works without accounting. Several jobs of the DAG may share one SLURM
job, so none of this says what one of them used: the record's own `wall_s`, `cpu_s` and
`peak_memory_mib` do.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

TIMEOUT_S = 10.0
NOTHING = {"", "(null)", "N/A", "None", "Unknown"}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)([KMGTPE]?)[nc]?")
DURATION = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
# Values hold no spaces, but for the job's name, which its owner follows.
FIELD = re.compile(r"(?:^|\s)(?:(JobName)=(.*?)(?=\sUserId=)|([A-Za-z][\w/:]*)=(\S*))")
GPUS = ("gpu", "gpus", "nvidia_gpu")  # the resources that the executor takes for a count of GPUs
SHARES = ("shard", "mps")  # of a GPU, as SLURM calls them
UNITS_MIB = {"": 2**-20, "K": 2**-10, "M": 1, "G": 2**10, "T": 2**20, "P": 2**30, "E": 2**40}

# Our names, by the variables that hold them; of two, the first that is set.
VARIABLES: dict[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "job_id": (("SLURM_JOB_ID",), str),
    "array_job_id": (("SLURM_ARRAY_JOB_ID",), str),
    "array_task_id": (("SLURM_ARRAY_TASK_ID",), str),
    "step_id": (("SLURM_STEP_ID",), str),
    "restart_count": (("SLURM_RESTART_COUNT",), int),
    "cluster": (("SLURM_CLUSTER_NAME",), str),
    "partition": (("SLURM_JOB_PARTITION",), str),
    "account": (("SLURM_JOB_ACCOUNT",), str),
    "qos": (("SLURM_JOB_QOS",), str),
    "node": (("SLURMD_NODENAME",), str),
    "nodes": (("SLURM_JOB_NODELIST",), str),
    "cpus": (("SLURM_CPUS_ON_NODE",), int),
    "mem_mb": (("SLURM_MEM_PER_NODE",), int),
    "gpus": (("SLURM_GPUS_ON_NODE",), int),
    "gpu_ids": (("SLURM_STEP_GPUS", "SLURM_JOB_GPUS"), str),
}


def gpus_asked(resources: Mapping[str, Any]) -> int:
    """GPUs that a job asked for: a count, else the end of ``gres="gpu:a100:2"``.

    A share of one, ``gres="shard:1"`` or ``"mps:50"``, counts as one: how many shares make a GPU is
    the site's to say, so the time of a shared GPU counts once for each job that shares it.
    """
    for name in GPUS:
        count = resources.get(name)
        if isinstance(count, int | float) and count:
            return int(count)
    kind, *rest = str(resources.get("gres", "")).split(":")
    if kind in SHARES:
        return 1
    return 0 if kind != "gpu" else int(rest[-1]) if rest and rest[-1].isdecimal() else 1


def facts() -> dict[str, Any]:
    """The SLURM job of this process; {} outside SLURM. What cannot be known is left out.

    job_id, array_job_id, array_task_id, step_id, restart_count, requeue (whether SLURM may start
    the job again), job_name, cluster, partition, account, qos, node (this one) and nodes (all),
    cpus, mem_mb, gpus and time_limit_min (asked for), gpu_ids (granted), submitted and job_started
    (UTC). Never raises, and takes 10 s at most.
    """
    if not os.environ.get("SLURM_JOB_ID"):
        return {}
    return {**dict(_of_environment()), **dict(_of_job(_show(os.environ["SLURM_JOB_ID"])))}


def time_left_s() -> tuple[float | None, float]:
    """Seconds until the time limit of this process's SLURM job, and the limit (s).

    None and infinity outside SLURM, and where the job has no limit or cannot be asked.
    """
    found = facts()
    if "job_started" not in found or "time_limit_min" not in found:
        return None, math.inf
    limit = 60.0 * found["time_limit_min"]
    elapsed = (datetime.now(UTC) - datetime.fromisoformat(found["job_started"])).total_seconds()
    return limit - elapsed, limit


def memory_mib(text: str) -> float | None:
    """Memory as SLURM writes it (512M, 1.5G, 108432K, 4Gn), in MiB; a bare number is of bytes."""
    found = NUMBER.fullmatch(text)
    return None if found is None else float(found[1]) * UNITS_MIB[found[2]]


def duration_s(text: str) -> float | None:
    """A duration as SLURM writes it ([days-][hours:]minutes:seconds[.fraction]), in seconds.

    None for what is no duration (UNLIMITED, Partition_Limit, nothing).
    """
    found = DURATION.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return (days * 24 + hours) * 3600 + minutes * 60 + float(found[4])


def instant(text: str) -> datetime | None:
    """A time that SLURM wrote under ``TZ=UTC0``; None for Unknown, None and the like."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def trackable(text: str) -> dict[str, str]:
    """A list of trackable resources (``cpu=1,mem=1000M,gres/gpu:a100=1``) by name.

    Where only GPUs of a model are counted, ``gres/gpu`` is their sum.
    """
    found = dict(pair.split("=", 1) for pair in text.split(",") if "=" in pair)
    models = [n for name, n in found.items() if name.startswith("gres/gpu:") and n.isdecimal()]
    if models and "gres/gpu" not in found:
        found["gres/gpu"] = str(sum(map(int, models)))
    return found


def in_utc() -> dict[str, str]:
    """The environment under which SLURM's commands write times as `instant` reads them."""
    kept = {k: v for k, v in os.environ.items() if k != "SLURM_TIME_FORMAT"}
    return {**kept, "TZ": "UTC0"}


def _of_environment() -> Iterator[tuple[str, Any]]:
    for name, (variables, kind) in VARIABLES.items():
        texts = [os.environ[v] for v in variables if os.environ.get(v, "") not in NOTHING]
        if texts and (kind is str or texts[0].isdecimal()):
            yield name, kind(texts[0])


def _show(job_id: str) -> dict[str, str]:
    """What `scontrol` says of a job; {} when it cannot be asked or does not answer in time."""
    scontrol = shutil.which("scontrol")
    if scontrol is None or not job_id.isdecimal():
        return {}
    command = [scontrol, "show", "job", "--oneliner", job_id]
    # A file, not a pipe: a program that scontrol started and left behind would keep a pipe open.
    try:
        with tempfile.TemporaryFile() as sink:
            done = subprocess.run(  # noqa: S603 - fixed words and a number
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.DEVNULL,
                env=in_utc(),
                timeout=TIMEOUT_S,
                check=False,
            )
            sink.seek(0)
            text = sink.read().decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return {}
    if done.returncode != 0:
        return {}
    # The first task of an array has the number of the whole, and then every task is told.
    jobs = (fields(line) for line in text.splitlines())
    return next((job for job in jobs if job.get("JobId") == job_id), {})


def fields(line: str) -> dict[str, str]:
    """A line of ``scontrol show --oneliner`` by its names; of equal names the first counts."""
    found: dict[str, str] = {}
    for match in FIELD.finditer(line):
        found.setdefault(match[1] or match[3], match[2] or match[4] or "")
    return found


def _of_job(job: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    texts = {
        "array_job_id": "ArrayJobId",
        "array_task_id": "ArrayTaskId",
        "job_name": "JobName",
        "partition": "Partition",
        "account": "Account",
        "qos": "QOS",
        "nodes": "NodeList",
    }
    for name, key in texts.items():
        if job.get(key, "") not in NOTHING:
            yield name, job[key]
    if job.get("Restarts", "").isdecimal():
        yield "restart_count", int(job["Restarts"])
    if job.get("Requeue") in ("0", "1"):
        yield "requeue", job["Requeue"] == "1"
    yield from _asked(trackable(job.get("ReqTRES") or job.get("TRES", "")))
    if limit := duration_s(job.get("TimeLimit", "")):
        yield "time_limit_min", limit / 60
    for name, key in (("submitted", "SubmitTime"), ("job_started", "StartTime")):
        if (time := instant(job.get(key, ""))) is not None:
            yield name, time.isoformat()


def _asked(asked: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """What a job asked for; before 23.02 SLURM told only what it was given (TRES)."""
    if asked.get("cpu", "").isdecimal():
        yield "cpus", int(asked["cpu"])
    if memory := memory_mib(asked.get("mem", "")):
        yield "mem_mb", round(memory)
    if asked.get("gres/gpu", "").isdecimal():
        yield "gpus", int(asked["gres/gpu"])
