"""A copy of the project whose runs go to the test cluster."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.slurm.cluster import Cluster
from tests.workflow import dag

PROJECT = Path(__file__).parents[2]
TIMEOUT_S = 1500  # three families, two cores shared with other tests
PROFILE = "profiles/slurm/config.v8+.yaml"
WAITS = "slurm-init-seconds-before-status-checks: 2"
SPAN = re.MULTILINE | re.DOTALL


@dataclass(frozen=True)
class Tree:
    """The project in a folder, with the profile adapted as a site would."""

    cluster: Cluster
    folder: Path

    @classmethod
    def new(cls, cluster: Cluster, folder: Path) -> Tree:
        """A copy of the project; account and partitions are those of the test cluster."""
        tree = cls(cluster, dag.copy_project(PROJECT, folder))
        dag.edit(folder, PROFILE, '# slurm_account: "my_account"', 'slurm_account: "test"')
        # Tests wait for nobody: ask often, and believe the file system soon.
        tree.profile("slurm-init-seconds-before-status-checks: 20", WAITS)
        tree.profile("latency-wait: 60", "latency-wait: 10")
        return tree

    def profile(self, old: str, new: str) -> None:
        """Replace text in the profile; the text must be there."""
        dag.edit(self.folder, PROFILE, old, new)

    def configure(self, text: str) -> None:
        """Lay settings over the scale's."""
        with (self.folder / "config/config.yaml").open("a") as stream:
            stream.write(text)

    def start(self, *arguments: str, scale: str = "smoke", log: str = "run.log") -> Run:
        """Start Snakemake with the profile, as README says."""
        command = [sys.executable, "-m", "snakemake"]
        if "--profile" not in arguments:
            command += ["--profile", "profiles/slurm"]
        environment = {
            **self.cluster.environment,
            "PYTHONPATH": str(self.folder / "src"),
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
        }
        path = self.folder / log
        with path.open("w") as stream:
            process = subprocess.Popen(
                [*command, *arguments, "--config", f"scale={scale}"],
                cwd=self.folder,
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Run(self, process, path)

    def run(self, *arguments: str, scale: str = "smoke") -> Run:
        """Run Snakemake to its end."""
        run = self.start(*arguments, scale=scale)
        run.process.wait(TIMEOUT_S)
        return run

    def record(self, path: str) -> dict[str, Any]:
        """A record below results/smoke."""
        content: dict[str, Any] = json.loads((self.folder / "results/smoke" / path).read_text())
        return content

    def checkpoints(self) -> list[Path]:
        """What training has saved so far."""
        return sorted(self.folder.glob("results/.checkpoints/*/step-*.pt"))


@dataclass(frozen=True)
class Run:
    """A run of Snakemake on the cluster."""

    tree: Tree
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    @property
    def summary(self) -> str:
        """What it said at its end about the jobs that failed."""
        found = re.search(r"^lemmata: \d+ jobs? failed.*?only what is missing\.", self.text, SPAN)
        return found[0] if found else ""

    def succeeded(self) -> bool:
        """Wait for its end; False, with what it printed in the test's output, when it failed."""
        good = self.process.wait(TIMEOUT_S) == 0
        if not good:
            print(self.text)
        return good

    def slurm_jobs(self) -> list[str]:
        """The numbers of the SLURM jobs that it has submitted so far."""
        return re.findall(r"submitted with SLURM jobid (\d+)", self.text)

    def wait_until_saved(self, step: int, seconds: float = 400) -> None:
        """Wait until training has saved this step or a later one."""
        self._wait(seconds, lambda: self.saved() >= step, f"step {step} was not saved")

    def saved(self) -> int:
        """The step of the newest checkpoint, 0 before the first."""
        steps = [int(path.name[5:13]) for path in self.tree.checkpoints()]
        return max(steps, default=0)

    def _wait(self, seconds: float, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, f"{complaint}\n{self.text}"
            time.sleep(0.05)
