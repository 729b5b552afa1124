"""One finished smoke run, shared by the tests that look at it or copy it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests.workflow import dag


@pytest.fixture(scope="session")
def smoke_tree(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the whole DAG finished at scale smoke; not to be changed.

    Made once: workers that run side by side wait for the first of them.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    tree, done = folder / "smoke" / "tree", folder / "smoke" / "done"
    with FileLock(folder / "smoke.lock"):
        if not done.exists():
            assert not tree.exists(), "another worker has failed to make the tree"
            dag.copy_project(project, tree)
            run = dag.snakemake(tree)
            assert run.returncode == 0, run.stdout[-8000:]
            done.touch()
    return tree
