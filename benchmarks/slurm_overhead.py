"""What a SLURM job costs beside its work: from the queue to the record, and of the whole run.

    python benchmarks/slurm_overhead.py

On the test cluster of tests/slurm, the same target (one data set's classical models and their
SmoothECE, jobs of seconds) is made anew with the executor as it comes (a SLURM job for each, first
look after 40 s) and with profiles/slurm as it stands (such jobs grouped, first look after 20 s).
Per SLURM job: queue (submitted to started), start (started to the first line of the script), work
(the script), and what the controller adds until the whole run has ended.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.slurm.cluster import Cluster
from tests.slurm.configuration import Configuration, free_ports
from tests.slurm.tree import PROFILE, Tree
from tests.workflow import dag

MODELS = ("logistic_regression", "decision_tree", "random_forest", "naive_bayes")
TARGETS = [f"results/smoke/calibration/wine/{model}/smooth_ece.parquet" for model in MODELS]
AS_IT_COMES = (
    *("--workflow-profile", "profiles/default", "--executor", "slurm", "--jobs", "200"),
    *("--default-resources", "slurm_account=test", "slurm_partition=cpu"),
    *("mem_mb=1000", "runtime=10"),
)


def measure(name: str, cluster: Cluster, folder: Path, arguments: tuple[str, ...]) -> None:
    """Run the targets in a new tree, and print the medians."""
    tree = Tree(cluster, dag.copy_project(Path(__file__).parents[1], folder))
    dag.edit(folder, PROFILE, '# slurm_account: "my_account"', 'slurm_account: "test"')
    began = time.monotonic()
    command = [sys.executable, "-m", "snakemake", *TARGETS, *arguments, "--config", "scale=smoke"]
    env = {**cluster.environment, "PYTHONPATH": str(folder / "src")}
    with (folder / "run.log").open("w") as log:
        subprocess.run(command, cwd=folder, env=env, stdout=log, stderr=log, check=True)  # noqa: S603
    wall = time.monotonic() - began
    records = [json.loads(p.read_text()) for p in (tree.folder / "results").rglob("*.prov.json")]
    rows = [record for record in records if record["place"]["slurm"]]
    numbers = {row["place"]["slurm"]["job_id"] for row in rows}
    queue = [between(row["place"]["slurm"], "submitted", "job_started") for row in rows]
    first = {
        number: min(
            (row for row in rows if row["place"]["slurm"]["job_id"] == number),
            key=lambda row: row["started"],
        )
        for number in numbers
    }
    start = [
        seconds(row["place"]["slurm"]["job_started"], row["started"]) for row in first.values()
    ]
    work = sum(row["wall_s"] for row in rows)
    print(
        f"{name:12s} {len(rows):3d} jobs in {len(numbers):2d} SLURM jobs: "
        f"queue {statistics.median(queue):.1f} s, start {statistics.median(start):.1f} s, "
        f"work {work:.1f} s in all, "
        f"run {wall:.0f} s, overhead {(wall - work) / len(rows):.1f} s a job"
    )


def between(facts: dict[str, Any], first: str, last: str) -> float:
    """Seconds between two times of a SLURM job."""
    return seconds(facts[first], facts[last])


def seconds(first: str, last: str) -> float:
    """Seconds between two times as records write them."""
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def main() -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Configuration(Path(folder) / "c", port=free_ports(8, 29500)))
        Path(folder).chmod(0o755)
        try:
            cluster.start()
            measure("as it comes", cluster, Path(folder) / "a", AS_IT_COMES)
            measure("our profile", cluster, Path(folder) / "b", ("--profile", "profiles/slurm"))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
