"""What a job learns of the SLURM job around it, from a stand-in for scontrol."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lemmata.provenance import environment, slurm

# As SLURM 22.05 printed it for a task of an array (number 3 is also that of the whole array).
TASK = (
    "JobId={id} ArrayJobId=3 ArrayTaskId={task} JobName=wrap UserId=root(0) GroupId=root(0) "
    "MCS_label=N/A Priority=4294901757 Nice=0 Account=test QOS=normal JobState=RUNNING "
    "Reason=None Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 "
    "DerivedExitCode=0:0 RunTime=00:00:00 TimeLimit=00:10:00 TimeMin=N/A "
    "SubmitTime=2026-11-23T09:45:12 EligibleTime=2026-11-23T09:45:13 "
    "AccrueTime=2026-11-23T09:45:13 StartTime=2026-11-23T09:45:13 EndTime=2026-11-23T09:55:13 "
    "Deadline=N/A PreemptEligibleTime=2026-11-23T09:45:13 PreemptTime=None SuspendTime=None "
    "SecsPreSuspend=0 LastSchedEval=2026-11-23T09:45:13 Scheduler=Main Partition=cpu "
    "AllocNode:Sid=localhost:14210 ReqNodeList=(null) ExcNodeList=(null) NodeList=c1 BatchHost=c1 "
    "NumNodes=1 NumCPUs=1 NumTasks=1 CPUs/Task=1 ReqB:S:C:T=0:0:*:* "
    "TRES=cpu=1,mem=1500M,node=1,billing=1 Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=* "
    "MinCPUsNode=1 MinMemoryNode=1500M MinTmpDiskNode=0 Features=(null) DelayBoot=00:00:00 "
    "OverSubscribe=OK Contiguous=0 Licenses=(null) Network=(null) Command=(null) "
    "WorkDir=/somewhere StdErr=/somewhere/out StdIn=/dev/null StdOut=/somewhere/out Power= "
)
GPU = (
    "JobId=2 JobName=a name with Partition=wrong UserId=root(0) Account=test QOS=normal "
    "JobState=RUNNING Reason=None Dependency=(null) Requeue=0 Restarts=2 RunTime=00:00:00 "
    "TimeLimit=1-02:03:00 SubmitTime=2026-11-23T09:45:10 StartTime=2026-11-23T09:45:11 "
    "Partition=gpu NodeList=g1 TRES=cpu=1,mem=1500M,node=1,billing=1,gres/gpu=1 "
    "Comment=of a person: Partition=none TresPerJob=gres:gpu:1 "
)
# From 23.02 on, what was asked for and what was given are told apart.
NEWER = (
    "JobId=2 JobName=train UserId=a(1) GroupId=a(1) MCS_label=N/A Priority=2954545 Nice=0 "
    "Account=staff QOS=normal JobState=RUNNING Reason=None Dependency=(null) Requeue=0 Restarts=0 "
    "RunTime=00:00:02 TimeLimit=UNLIMITED SubmitTime=2026-05-26T11:01:05 "
    "AccrueTime=Unknown StartTime=2026-05-26T11:01:05 EndTime=Unknown Partition=zen4 "
    "NodeList=n[03,05] NumNodes=2 NumCPUs=24 "
    "ReqTRES=cpu=4,mem=32G,node=1,billing=4,gres/gpu:a100=2 "
    "AllocTRES=cpu=24,mem=23500M,node=1,billing=24,gres/gpu=2 TresPerNode=gres/gpu:2 "
)
# What 22.05 leaves a program that runs as a step below the executor's own.
STEP = {
    "SLURMD_NODENAME": "g1",
    "SLURM_CLUSTER_NAME": "local",
    "SLURM_CPUS_ON_NODE": "1",
    "SLURM_GPUS_ON_NODE": "1",
    "SLURM_JOB_ID": "2",
    "SLURM_JOB_NAME": "python",
    "SLURM_JOB_NODELIST": "g1",
    "SLURM_JOB_PARTITION": "gpu",
    "SLURM_STEP_GPUS": "0",
    "SLURM_STEP_ID": "0",
}
OF_STEP = {
    "job_id": "2",
    "step_id": "0",
    "cluster": "local",
    "partition": "gpu",
    "node": "g1",
    "nodes": "g1",
    "cpus": 1,
    "gpus": 1,
    "gpu_ids": "0",
}


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SLURM")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(slurm.shutil, "which", _which(tmp_path))


def _which(folder: Path) -> Callable[[str], str | None]:
    """Finds programs in one folder: the machine may have a scontrol of its own."""

    def which(name: str) -> str | None:
        return str(folder / name) if (folder / name).exists() else None

    return which


def stand_in(folder: Path, body: str) -> None:
    path = folder / "scontrol"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def says(folder: Path, *lines: str) -> None:
    (folder / "said").write_text("".join(f"{line}\n" for line in lines))
    stand_in(folder, f'echo "$@" > {folder}/asked; echo "$TZ" >> {folder}/asked; cat {folder}/said')


def inside(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {**STEP, **more}.items():
        monkeypatch.setenv(name, value)


def test_nothing_is_said_or_asked_outside_slurm(tmp_path: Path) -> None:
    says(tmp_path, GPU)
    assert slurm.facts() == {}
    assert not (tmp_path / "asked").exists()


def test_the_step_and_the_job_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside(monkeypatch)
    says(tmp_path, GPU)
    assert slurm.facts() == {
        **OF_STEP,
        "account": "test",
        "qos": "normal",
        "job_name": "a name with Partition=wrong",  # and not "python", the step's
        "mem_mb": 1500,
        "time_limit_min": 26 * 60 + 3,
        "restart_count": 2,
        "requeue": False,
        "submitted": "2026-11-23T09:45:10+00:00",
        "job_started": "2026-11-23T09:45:11+00:00",
    }
    assert (tmp_path / "asked").read_text() == "show job --oneliner 2\nUTC0\n"


def test_a_task_of_an_array_is_told_from_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(monkeypatch, SLURM_JOB_ID="3", SLURM_ARRAY_JOB_ID="3", SLURM_ARRAY_TASK_ID="2")
    says(tmp_path, TASK.format(id=4, task=1), TASK.format(id=3, task=2))
    found = slurm.facts()
    assert (found["job_id"], found["array_job_id"], found["array_task_id"]) == ("3", "3", "2")
    assert (found["mem_mb"], found["time_limit_min"], found["partition"]) == (1500, 10, "cpu")
    says(tmp_path, TASK.format(id=4, task=1))  # only another task is told: nothing of it is taken
    assert "mem_mb" not in slurm.facts()


def test_newer_versions_tell_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(monkeypatch)
    says(tmp_path, NEWER)
    found = slurm.facts()
    asked = {name: found[name] for name in ("cpus", "mem_mb", "gpus", "nodes", "partition")}
    assert asked == {
        "cpus": 4,
        "mem_mb": 32768,
        "gpus": 2,
        "nodes": "n[03,05]",
        "partition": "zen4",
    }
    assert "time_limit_min" not in found  # unlimited


@pytest.mark.parametrize(
    "body",
    [
        "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1",
        f"echo '{GPU}'; exit 1",
        "exit 0",
        "echo 'No jobs in the system'",
        "echo 'JobId=2 TRES=,=,cpu=many mem TimeLimit=soon SubmitTime=later Restarts=-'",
        r"printf '\377\376\n'",
        "kill -9 $$",
    ],
)
def test_a_scontrol_that_fails_or_says_nonsense_leaves_its_keys_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    inside(monkeypatch)
    stand_in(tmp_path, body)
    assert slurm.facts() == OF_STEP


def test_an_absent_or_unusable_scontrol_leaves_its_keys_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(monkeypatch)
    assert slurm.facts() == OF_STEP
    (tmp_path / "scontrol").write_text("no program")
    assert slurm.facts() == OF_STEP


def test_a_scontrol_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside(monkeypatch)
    monkeypatch.setattr(slurm, "TIMEOUT_S", 0.3)
    stand_in(tmp_path, "sleep 8")  # the shell is killed; what it started keeps its output open
    started = time.monotonic()
    assert slurm.facts() == OF_STEP
    assert time.monotonic() - started < 4


def test_a_job_id_that_is_no_number_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(monkeypatch, SLURM_JOB_ID="--help")
    says(tmp_path, GPU)
    assert slurm.facts()["job_id"] == "--help"
    assert not (tmp_path / "asked").exists()


def test_a_number_that_is_none_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside(monkeypatch, SLURM_CPUS_ON_NODE="2(x3)", SLURM_RESTART_COUNT="1")
    assert "cpus" not in slurm.facts()
    assert slurm.facts()["restart_count"] == 1


def test_time_left_is_that_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside(monkeypatch)
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 120))
    says(tmp_path, f"JobId=2 TimeLimit=00:10:00 StartTime={began}")
    left, limit = slurm.time_left_s()
    assert limit == 600
    assert left == pytest.approx(480, abs=5)
    says(tmp_path, f"JobId=2 TimeLimit=UNLIMITED StartTime={began}")
    assert slurm.time_left_s() == (None, float("inf"))


def test_the_record_has_the_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.place()["slurm"] == {}
    inside(monkeypatch)
    assert environment.place()["slurm"] == OF_STEP
