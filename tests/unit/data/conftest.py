"""Data sets for tests: fetched once a session, the downloadable ones from a mirror alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lemmata.data.fetch import fetch
from lemmata.data.readers import read_raw
from lemmata.data.registry import dataset


@pytest.fixture(scope="session")
def mirror() -> str:
    """The folder or address of LEMMATA_MIRROR."""
    place = os.environ.get("LEMMATA_MIRROR", "")
    if not place:
        pytest.skip("LEMMATA_MIRROR is not set; this test reads its data sets from that mirror.")
    return place


@pytest.fixture(scope="session")
def raw_paths(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Path]]:
    """Function: name of a data set [, mirror] -> its raw files by name, fetched once."""
    root = tmp_path_factory.mktemp("resources")

    def fetched(name: str, mirror: str | None = None) -> dict[str, Path]:
        paths = {raw.name: root / name / raw.name for raw in dataset(name).files}
        for raw in dataset(name).files:
            if not paths[raw.name].exists():
                fetch(raw, paths[raw.name], mirror)
        return paths

    return fetched


@pytest.fixture(scope="session")
def table_of(raw_paths: Callable[..., dict[str, Path]]) -> Callable[..., pd.DataFrame]:
    """Function: name of a data set [, mirror] -> its prepared table."""
    return lambda name, mirror=None: read_raw(name, raw_paths(name, mirror))
