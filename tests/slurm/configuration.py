"""What a test cluster is made of: its sizes, and the files that its daemons read."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMANDS = (
    *("sbatch", "srun", "scancel", "squeue", "sinfo"),
    *("sacct", "sacctmgr", "scontrol", "sstat"),
)
OUTER = ("SLURM", "SBATCH_", "SRUN_", "SQUEUE_", "SINFO_", "SACCT_", "SCANCEL_")
SYSTEM_PATH = "/usr/sbin:/sbin"
SHARES = 2  # of each GPU
MARK = "LEMMATA_TEST_CLUSTER"  # reaches every process of a job, and names its cluster

# Ends what is left of a job on its node: the shell around a batch job dies of the first SIGTERM,
# whatever its children make of it, and without cgroups they are then out of the process tree.
EPILOG = """#!/usr/bin/env bash
for env in $(grep -lzxsF -- "SLURM_JOB_ID=$SLURM_JOB_ID" /proc/[0-9]*/environ); do
    pid=${env//[!0-9]/}
    if [ "$pid" != "$$" ] && grep -qzxsF -- "MARK=FOLDER" "$env"; then kill -KILL "$pid"; fi
done
exit 0
"""


def free_ports(count: int, first: int = 26900) -> int:
    """The first of `count` ports in a row on which nobody listens."""
    for start in range(first, 32000, count):
        with contextlib.ExitStack() as sockets:
            try:
                for port in range(start, start + count):
                    sockets.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return start
    raise RuntimeError(f"no {count} free ports in a row from {first} on")


@dataclass(frozen=True)
class Configuration:
    """Nodes c1.. (CPU) and g1.. (GPU); partitions cpu, gpu, and spare, whose jobs are preempted.

    cpus, mem_mb: declared for each node, whatever the machine has. accounting: with slurmdbd and
    MariaDB, so that sacct answers. min_job_age: how long squeue shows ended jobs (s). kill_wait:
    from SIGTERM to SIGKILL (s).
    """

    folder: Path
    cpu_nodes: int = 2
    gpu_nodes: int = 1
    cpus: int = 4
    gpus: int = 2
    mem_mb: int = 16000
    accounting: bool = True
    min_job_age: int = 300
    kill_wait: int = 20
    port: int = 26900

    @property
    def nodes(self) -> list[str]:
        """The names of all nodes."""
        cpu = [f"c{i + 1}" for i in range(self.cpu_nodes)]
        return cpu + [f"g{i + 1}" for i in range(self.gpu_nodes)]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which its commands, and Snakemake's executor, work."""
        outside = {k: v for k, v in os.environ.items() if not k.startswith(OUTER)}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}:{SYSTEM_PATH}"
        conf = str(self.folder / "etc/slurm.conf")
        return {**outside, "PATH": path, "SLURM_CONF": conf, MARK: str(self.folder)}

    def write(self) -> None:
        """Write every file below the folder; what is there already is laid over."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # the database runs as a user of its own
        for name in ("etc", "run", "log", "bin", "var/dev", "var/slurmctld"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for node in self.nodes:
            (self.folder / "var" / f"slurmd.{node}").mkdir(exist_ok=True)
        for number in range(self.gpus):  # any character device will do for the scheduling
            link = self.folder / "var/dev" / f"gpu{number}"
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null")
        key = self.folder / "etc/munge.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(128))
        (self.folder / "etc/slurm.conf").write_text("\n".join(self._slurm_conf()) + "\n")
        (self.folder / "etc/gres.conf").write_text("\n".join(self._gres_conf()) + "\n")
        version = self._version()
        plugin = "disabled" if version >= (23, 2) else "cgroup/v1"  # slurmd wants one to be named
        (self.folder / "etc/cgroup.conf").write_text(f"CgroupPlugin={plugin}\n")
        if self.accounting:
            conf = self.folder / "etc/slurmdbd.conf"
            conf.touch(mode=0o600)
            conf.write_text("\n".join(self._slurmdbd_conf()) + "\n")
        self._write_wrappers()

    def _version(self) -> tuple[int, int]:
        words = subprocess.run(
            ["slurmd", "-V"], env=self.environment, capture_output=True, text=True, check=True
        ).stdout.split()
        major, minor = words[-1].split(".")[:2]
        return int(major), int(minor)

    def _write_wrappers(self) -> None:
        """Commands that know their cluster: the executor takes SLURM_CONF out of jobs."""
        for name in COMMANDS:
            program = shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_PATH}")
            path = self.folder / "bin" / name
            path.write_text(
                f'#!/bin/sh\nSLURM_CONF={self.folder}/etc/slurm.conf exec {program} "$@"\n'
            )
            path.chmod(0o755)
        epilog = self.folder / "bin/epilog"
        epilog.write_text(EPILOG.replace("MARK", MARK).replace("FOLDER", str(self.folder)))
        epilog.chmod(0o755)

    def _binding(self) -> str:
        """Daemons listen on loopback alone where this machine's name stands for it."""
        try:
            local = socket.gethostbyname(socket.gethostname()) == "127.0.0.1"
        except OSError:
            local = False
        return "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny" if local else "# all addresses"

    def _slurm_conf(self) -> Iterator[str]:
        host = socket.gethostname().split(".")[0]
        user = pwd.getpwuid(os.getuid()).pw_name
        run, var, log = (self.folder / name for name in ("run", "var", "log"))
        yield from (
            "ClusterName=local",
            f"SlurmctldHost={host}(127.0.0.1)",
            f"SlurmctldPort={self.port}",
            self._binding(),
            f"SlurmUser={user}",
            f"SlurmdUser={user}",
            # A requeued job starts again after cred_expire at the earliest; the default is 120 s.
            f"AuthInfo=socket={run}/munge.socket,cred_expire=10",
            f"StateSaveLocation={var}/slurmctld",
            f"SlurmdSpoolDir={var}/slurmd.%n",
            f"SlurmctldPidFile={run}/slurmctld.pid",
            f"SlurmdPidFile={run}/slurmd.%n.pid",
            f"SlurmctldLogFile={log}/slurmctld.log",
            f"SlurmdLogFile={log}/slurmd.%n.log",
            "MailProg=/bin/true",
            f"Epilog={self.folder}/bin/epilog",
            "ProctrackType=proctrack/linuxproc",
            "TaskPlugin=task/none",
            "JobAcctGatherType=jobacct_gather/linux",
            "JobAcctGatherFrequency=task=2",
            "JobAcctGatherParams=OverMemoryKill",
            "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_Core_Memory",
            "SlurmdParameters=config_overrides",  # nodes are what is declared here
            "DefMemPerCPU=100",
            "ReturnToService=2",
            "EnforcePartLimits=ALL",
            "SchedulerType=sched/backfill",
            "SchedulerParameters=batch_sched_delay=0,sched_min_interval=50000,"
            "sched_interval=5,bf_interval=5",
            f"KillWait={self.kill_wait}",
            "SlurmdTimeout=15",
            f"MinJobAge={self.min_job_age}",
            "PreemptType=preempt/partition_prio",
            "PreemptMode=REQUEUE",
            "JobRequeue=1",
        )
        if self.accounting:
            yield from (
                "AccountingStorageType=accounting_storage/slurmdbd",
                "AccountingStorageHost=127.0.0.1",
                f"AccountingStoragePort={self.port + 1}",
                f"AccountingStoragePass={run}/munge.socket",
                "AccountingStorageTRES=gres/gpu,gres/shard",
            )
        else:
            yield "AccountingStorageType=accounting_storage/none"
        yield "GresTypes=gpu,shard"
        yield (
            f"NodeName=DEFAULT Boards=1 SocketsPerBoard=1 CoresPerSocket={self.cpus}"
            f" ThreadsPerCore=1 CPUs={self.cpus} RealMemory={self.mem_mb} State=UNKNOWN"
        )
        for number, node in enumerate(self.nodes):
            shares = f"gpu:fake:{self.gpus},shard:{self.gpus * SHARES}"
            gres = f" Gres={shares}" if node.startswith("g") else ""
            yield (
                f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1"
                f" Port={self.port + 2 + number}{gres}"
            )
        cpu = ",".join(node for node in self.nodes if node.startswith("c"))
        gpu = ",".join(node for node in self.nodes if node.startswith("g"))
        yield "PartitionName=DEFAULT State=UP MaxTime=INFINITE DefaultTime=60 OverSubscribe=NO"
        yield f"PartitionName=cpu Nodes={cpu} Default=YES PriorityTier=10"
        yield f"PartitionName=gpu Nodes={gpu} PriorityTier=10"
        yield f"PartitionName=spare Nodes={','.join(self.nodes)} PriorityTier=1"

    def _gres_conf(self) -> Iterator[str]:
        for node in self.nodes:
            if node.startswith("g"):
                files = f"{self.folder}/var/dev/gpu[0-{self.gpus - 1}]"
                yield f"NodeName={node} Name=gpu Type=fake File={files}"
                yield f"NodeName={node} Name=shard Count={self.gpus * SHARES}"

    def _slurmdbd_conf(self) -> Iterator[str]:
        user = pwd.getpwuid(os.getuid()).pw_name
        yield from (
            f"DbdHost={socket.gethostname().split('.')[0]}",
            "DbdAddr=127.0.0.1",
            f"DbdPort={self.port + 1}",
            self._binding(),
            f"SlurmUser={user}",
            "AuthType=auth/munge",
            f"AuthInfo=socket={self.folder}/run/munge.socket",
            f"PidFile={self.folder}/run/slurmdbd.pid",
            f"LogFile={self.folder}/log/slurmdbd.log",
            "StorageType=accounting_storage/mysql",
            "StorageHost=localhost",
            f"StorageUser={user}",
            "StorageLoc=slurm_acct_db",
        )
