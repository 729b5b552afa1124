"""Settings of the whole test run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("lemmata", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("lemmata")


@pytest.fixture(autouse=True)
def figures_are_closed() -> Iterator[None]:
    """matplotlib keeps figures until they are closed, and warns of the twentieth in a process."""
    yield
    if "matplotlib.pyplot" in sys.modules:  # not imported here: most tests draw nothing
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder of this project."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of real data files; tests that need it are skipped without it."""
    folder = os.environ.get("LEMMATA_MIRROR")
    if not folder:
        pytest.skip("LEMMATA_MIRROR names no folder of data files")
    return Path(folder)
