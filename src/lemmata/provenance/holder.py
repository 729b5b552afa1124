"""Who holds a lease: a process told apart from every other one, and whether it is still there."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

PROC = Path("/proc")


@dataclass(frozen=True)
class Holder:
    """A process that holds a lease, or did.

    boot, namespace: pids mean the same only on one start of one machine and in one pid namespace
    (containers have their own); born: the start of the process, because pids are used again;
    heartbeat_s: how often it touches the lease; token: unique to this holding.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    born: str
    slurm_job: str | None
    label: str
    started: str
    heartbeat_s: float
    token: str

    @classmethod
    def me(cls, label: str, heartbeat_s: float) -> Holder:
        """This process, with a new token."""
        return cls(
            host=socket.gethostname(),
            boot=_boot(),
            namespace=_namespace(),
            pid=os.getpid(),
            born=_born(os.getpid()) or "",
            slurm_job=os.environ.get("SLURM_JOB_ID"),
            label=label,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            heartbeat_s=heartbeat_s,
            token=secrets.token_hex(8),
        )

    @classmethod
    def read(cls, text: bytes) -> Holder | None:
        """The holder that a lease names; None for a text that no lease has."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def text(self) -> bytes:
        """What its lease file holds."""
        return json.dumps(asdict(self), sort_keys=True, indent=1).encode() + b"\n"

    def said(self) -> str:
        """Who it is, for a person."""
        slurm = f" (SLURM job {self.slurm_job})" if self.slurm_job else ""
        return f"pid {self.pid} on host {self.host}{slurm} since {self.started}"

    def gone(self, age_s: Callable[[], float], stale_s: float) -> str | None:
        """Why it cannot be alive any more; None while it may be.

        age_s: tells the age of its last heartbeat, asked only where nothing better is known.
        """
        if self.host == socket.gethostname():
            # Machines of one name exist: a heartbeat tells that it is another one, not a restart.
            if self.boot != _boot():
                silent = age_s() > min(3 * self.heartbeat_s, stale_s)
                return "its machine has restarted" if silent else None
            if self.namespace == _namespace():
                born = _born(self.pid)
                if born is None:
                    return "that process has ended"
                return None if born == self.born else "that pid is another process now"
        age = age_s()
        return f"no heartbeat for {age:.0f} s" if age > stale_s else None


@cache
def _boot() -> str:
    """What tells this start of this machine from every other; empty where the system has none."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str((PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _born(pid: int) -> str | None:
    """The start of a process; None when there is none, or only its zombie.

    In ticks since boot where the system says so: psutil's time moves when the clock is set.
    """
    if (PROC / "self/stat").exists():
        try:
            stat = (PROC / str(pid) / "stat").read_text()
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
        return None if fields[0] in "ZX" else fields[19]
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None
