"""The registry is complete, consistent, and loads without numerics."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from lemmata.data.readers import READERS
from lemmata.data.registry import DATASETS, Dataset, dataset, raw_file
from lemmata.errors import LemmataError

ALL = list(DATASETS.values())
FILES = [raw for entry in ALL for raw in entry.files]


def test_the_data_sets_are_those_promised() -> None:
    by_origin = {
        origin: {entry.name for entry in ALL if entry.origin == origin}
        for origin in ("bundled", "synthetic", "downloadable")
    }
    assert by_origin["bundled"] == {
        *("digits", "breast_cancer", "diabetes", "wine"),
        *("fair", "randhie", "randhie_high_use", "anes96"),
        "torch_docs",
    }
    assert by_origin["synthetic"] == {*("oscillating", "synthetic_groups", "synthetic_population")}
    assert len(by_origin["downloadable"]) == len(DATASETS) - 12
    assert {"adult", "compas", "mnist", "imagenet_resnet34"} <= by_origin["downloadable"]


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.name)
def test_entry_agrees_with_its_reader(entry: Dataset) -> None:
    assert (entry.name in READERS) == (entry.origin != "synthetic")
    if entry.name in READERS:
        reader = READERS[entry.name]
        assert reader.classes == entry.classes
        assert (reader.features == 0) == (entry.kind == "forecast")
    assert entry.licence
    assert entry.citation
    assert re.fullmatch("[a-z0-9_]+", entry.name)


@pytest.mark.parametrize("raw", FILES, ids=lambda raw: f"{raw.dataset}/{raw.name}")
def test_every_file_has_a_checksum_and_an_allowed_source(raw) -> None:
    if raw.sha256 is None:
        assert "data.sha256" in dataset(raw.dataset).note
    else:
        assert re.fullmatch("[0-9a-f]{64}", raw.sha256)
    assert raw.page.startswith("https://")
    if raw.source is None:
        assert "mirror only" in dataset(raw.dataset).note
    else:
        assert raw.source.startswith(("https://", "package://"))
    packaged = (raw.source or "").startswith("package://")
    assert (raw.mirror_path is None) == packaged
    assert raw_file(raw.dataset, raw.name) == raw


def test_unknown_names_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(LemmataError, match=r"'digit'; did you mean 'digits'\? \(allowed: acs_in"):
        dataset("digit")
    with pytest.raises(LemmataError, match=r"^unknown data set 'zzz' \(allowed: acs_.*wine\)$"):
        dataset("zzz")
    with pytest.raises(LemmataError, match=r"adult has no file 'x' .*adult\.data, adult\.test"):
        raw_file("adult", "x")


def test_registry_loads_no_numerics() -> None:
    program = (
        "import sys, lemmata.data.registry; "
        "print(sorted({'numpy', 'pandas', 'scipy', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
