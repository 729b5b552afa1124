"""One finished smoke run, shared by the tests that look at it or copy it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow import dag


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of whole trees share one process, so that the smoke DAG runs once."""
    for item in items:
        if "smoke_tree" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("dag"))


@pytest.fixture(scope="session")
def smoke_tree(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the whole DAG finished at scale smoke; not to be changed."""
    tree = dag.copy_project(project, tmp_path_factory.mktemp("smoke") / "tree")
    done = dag.snakemake(tree)
    assert done.returncode == 0, done.stdout[-8000:]
    return tree
