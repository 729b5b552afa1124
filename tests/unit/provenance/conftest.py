"""An empty store, a project whose reads are watched, and an end to waiting for a lease."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lemmata.provenance.store import Store
from tests.unit.provenance.watched import FILES


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Empty, without a limit."""
    return Store(tmp_path / "store", None)


@pytest.fixture
def patience() -> Iterator[None]:
    """A lease that is never given is a failure, not a standstill."""

    def late(*_: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project of `watched`, with a link out of it and one within."""
    top = tmp_path / "project"
    for name, text in FILES.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    outside = tmp_path / "outside.txt"
    outside.write_text("data")
    (top / "link.txt").symlink_to(outside)
    (top / "sly.txt").symlink_to(top / "config" / "config.yaml")
    return top
