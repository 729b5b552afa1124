"""A whole SLURM cluster on this machine, its daemons started and ended by pid.

Everything lies below one folder (configuration, key, sockets, logs, job database) and the daemons
talk over loopback, so no SLURM, munge or MariaDB of the machine is read or changed. There are no
cgroups and no real GPUs: jobs are followed by process tree, their memory is sampled, and the device
files of GPUs are stand-ins.

Run as ``python -m tests.slurm.cluster FOLDER`` for a cluster to try things on; Ctrl-C ends it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.slurm.configuration import MARK, SYSTEM_PATH, Configuration, free_ports

PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmdbd", "mariadbd", "sbatch")
PACKAGES = ("munge", "slurmctld", "slurmd", "slurmdbd", "mariadb-server", "slurm-client")


def missing_programs() -> list[str]:
    """The programs that this machine lacks."""
    path = f"{os.environ['PATH']}:{SYSTEM_PATH}"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


def install() -> None:
    """Install the missing packages (Debian, root), without letting them start daemons of their own.

    One process at a time: workers that come later find them there. Raises RuntimeError with apt's
    last words when that fails.
    """
    with (Path(tempfile.gettempdir()) / "slurm-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if missing_programs():
            _install()


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", "-qq", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise RuntimeError(f"apt-get {words[0]}: {done.stderr.strip()[-500:]}")
    finally:
        if ours:
            policy.unlink()


@dataclass
class Cluster:
    """The daemons of a configuration, by name."""

    configuration: Configuration
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    @property
    def folder(self) -> Path:
        """Where everything of it lies."""
        return self.configuration.folder

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which its commands, and Snakemake's executor, work."""
        return self.configuration.environment

    def start(self) -> None:
        """Write the configuration and start every daemon; RuntimeError if one does not answer."""
        self.configuration.write()
        run, log = self.folder / "run", self.folder / "log"
        self._daemon(
            "munged",
            "munged --foreground --force",
            f"--key-file={self.folder}/etc/munge.key --socket={run}/munge.socket",
            f"--pid-file={run}/munged.pid --log-file={log}/munged.log",
            f"--seed-file={self.folder}/var/munged.seed",
        )
        self._until("munged", 20, f"munge --no-input --socket {run}/munge.socket")
        if self.configuration.accounting:
            self._start_accounting()
        self._daemon("slurmctld", "slurmctld -D -i")
        self._until("slurmctld", 30, "scontrol ping")
        for node in self.configuration.nodes:
            self.start_node(node)
        self.wait(60, self._all_usable, "not all nodes are usable")

    def start_node(self, node: str) -> None:
        """Start the daemon of one node."""
        self._daemon(f"slurmd.{node}", f"slurmd -D -N {node}")

    def crash_node(self, node: str) -> None:
        """Let a node vanish: its daemon and whatever ran on it, killed at once."""
        jobs = self.command("squeue", "-h", "-w", node, "-o", "%A").split()
        daemon = self.daemons.pop(f"slurmd.{node}")
        daemon.kill()
        self._kill_processes(jobs)
        daemon.wait()

    def stop(self) -> None:
        """Cancel all jobs, end every daemon by its pid, and leave no process of a job."""
        if "slurmctld" in self.daemons:
            with contextlib.suppress(subprocess.SubprocessError):
                user = pwd.getpwuid(os.getuid()).pw_name
                self.command("scancel", "--user", user)
                self.wait(30, lambda: not self.command("squeue", "-h"), "jobs are left")
        for name in reversed(list(self.daemons)):
            daemon = self.daemons.pop(name)
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._kill_processes(None)

    def command(self, *words: str) -> str:
        """Run one of the cluster's commands and return what it printed."""
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def job(self, number: str) -> dict[str, str]:
        """What the controller knows of a job."""
        words = self.command("scontrol", "show", "job", "-o", number).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def wait(self, seconds: float, condition: Callable[[], object], complaint: str) -> None:
        """Wait until a condition holds; RuntimeError with the complaint if it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{complaint} after {seconds:g} s\n{self.log_tails()}")
            time.sleep(0.1)

    def log_tails(self) -> str:
        """The ends of all logs, for a failure's message."""
        logs = sorted((self.folder / "log").glob("*.log"))
        return "\n".join(f"== {p.name}\n{p.read_text(errors='replace')[-1500:]}" for p in logs)

    # Daemons --------------------------------------------------------------------------------

    def _daemon(self, name: str, *words: str, **environment: str) -> None:
        with (self.folder / "log" / f"{name}.out.log").open("ab") as out:
            self.daemons[name] = subprocess.Popen(
                " ".join(words).split(),
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _until(self, name: str, seconds: float, probe: str, **environment: str) -> None:
        """Wait until a daemon answers its probe."""

        def answers() -> bool:
            if self.daemons[name].poll() is not None:
                raise RuntimeError(f"{name} has ended\n{self.log_tails()}")
            env = {**self.environment, **environment}
            return not subprocess.run(
                probe.split(), env=env, capture_output=True, check=False
            ).returncode

        self.wait(seconds, answers, f"{name} does not answer")

    def _start_accounting(self) -> None:
        """MariaDB, which refuses to run as root, slurmdbd, and an account to run jobs under."""
        user = pwd.getpwuid(os.getuid()).pw_name
        owner = "mysql" if os.getuid() == 0 else user
        data, run = self.folder / "var/mysql", self.folder / "run/mysql"
        # Its own: a server sweeps the temporary tables of all others out of a shared /tmp.
        temporary = self.folder / "run/mysql-tmp"
        for folder in (data, run, temporary):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.chown(folder, owner)
        if not (data / "mysql").exists():
            words = (
                f"mariadb-install-db --no-defaults --datadir={data} --user={owner}"
                f" --auth-root-authentication-method=socket --auth-root-socket-user={user}"
                f" --tmpdir={temporary} --skip-test-db --skip-name-resolve"
            )
            done = subprocess.run(
                words.split(), capture_output=True, text=True, check=False, env=self.environment
            )
            if done.returncode != 0:
                raise RuntimeError(f"mariadb-install-db: {done.stdout[:500]}{done.stderr[:500]}")
        self._daemon(
            "mariadbd",
            f"mariadbd --no-defaults --user={owner} --datadir={data} --socket={run}/sock",
            f"--tmpdir={temporary}",
            f"--pid-file={run}/pid --skip-networking --skip-name-resolve --skip-log-bin",
            "--innodb-buffer-pool-size=64M --innodb-log-file-size=16M",
            "--innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0",
        )
        self._until(
            "mariadbd", 60, f"mariadb-admin --no-defaults --socket={run}/sock --user={user} ping"
        )
        for last in (False, False, False, True):
            # Where clients of the database look for "localhost".
            self._daemon("slurmdbd", "slurmdbd -D", MYSQL_UNIX_PORT=f"{run}/sock")
            try:
                self._until("slurmdbd", 60, "sacctmgr --noheader list cluster")
                break
            except RuntimeError:  # it gives up at a database that has only just begun
                if last or self.daemons["slurmdbd"].poll() is None:
                    raise
                time.sleep(1)
        for words in (
            "add cluster local",
            "add account test description=test organization=test",
            f"add user {user} account=test",
        ):
            subprocess.run(
                ["sacctmgr", "--immediate", "--quiet", *words.split()],
                env=self.environment,
                capture_output=True,
                check=False,  # says 1 where it is there already; the jobs would tell
            )

    def _all_usable(self) -> bool:
        states = self.command("sinfo", "-h", "-N", "-p", "spare", "-o", "%t").split()
        return len(states) == len(self.configuration.nodes) and set(states) <= {
            "idle",
            "mix",
            "alloc",
            "comp",
        }

    def _kill_processes(self, jobs: list[str] | None) -> None:
        """Kill what belongs to these jobs (None: to any job of this cluster), supervisors first."""
        found = [pid for pid in map(int, _numbers("/proc")) if self._belongs(pid, jobs)]
        for pid in sorted(found, key=lambda pid: not _title(pid).startswith("slurmstepd")):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _belongs(self, pid: int, jobs: list[str] | None) -> bool:
        try:
            words = set(Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0"))
        except (OSError, UnicodeDecodeError):
            return False
        if title := re.match(r"slurmstepd: \[(\d+)\.", _title(pid)):
            ours = f"SLURM_CONF={self.folder}/etc/slurm.conf" in words
            return ours and (jobs is None or title[1] in jobs)
        ids = {word.partition("=")[2] for word in words if word.startswith("SLURM_JOB_ID=")}
        return f"{MARK}={self.folder}" in words and bool(ids if jobs is None else ids & set(jobs))


def _numbers(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir() if path.name.isdigit()]


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def main() -> None:
    """Start a cluster, say how to use it, and end it when asked to."""
    cluster = Cluster(Configuration(Path(sys.argv[1]).resolve(), port=free_ports(8)))
    try:
        cluster.start()
        print(cluster.command("sinfo", "-N"))
        print(f"export SLURM_CONF={cluster.folder}/etc/slurm.conf {MARK}={cluster.folder}")
        print(f"export PATH={cluster.folder}/bin:$PATH")
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
