"""A small tree of results, and someone to write a crate of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lemmata.lineage.crate.write import write_crate
from tests import smalltree
from tests.smalltree import RESULTS
from tests.unit.lineage.crate.crates import identify


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small tree, with its results."""
    return smalltree.build(tmp_path_factory.mktemp("small"))


@pytest.fixture
def tree(finished: Path, tmp_path: Path) -> Path:
    """A copy to write a crate of, or to spoil."""
    return Path(shutil.copytree(finished, tmp_path / "tree"))


@pytest.fixture
def someone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom git knows."""
    identify(monkeypatch, {"user.name": "Ada <L>", "user.email": "ada@example.org"})


@pytest.fixture(scope="session")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crate of the small tree."""
    folder = tmp_path_factory.mktemp("crate")
    tree = smalltree.build(folder / "tree")
    return write_crate(tree / RESULTS, folder / "crate.zip", tree)
