"""The cluster that the tests share, and trees of the project that run on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, install, missing_programs
from tests.slurm.configuration import Configuration, free_ports
from tests.slurm.tree import Tree


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running SLURM cluster; the tests are skipped where there is none to be had."""
    if os.getuid() == 0 and shutil.which("apt-get"):
        install()
    if missing := missing_programs():
        pytest.skip(
            f"these tests need SLURM's programs, and apt and root to install them: {missing}"
        )
    # A short path: sockets allow about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
        running = Cluster(Configuration(Path(folder), port=free_ports(8, 27000 + 500 * worker)))
        try:
            running.start()
            yield running
        finally:
            running.stop()


@pytest.fixture
def tree(cluster: Cluster, tmp_path: Path) -> Tree:
    """A fresh copy of the project whose runs go to the cluster."""
    return Tree.new(cluster, tmp_path / "tree")
