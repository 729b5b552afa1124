"""Prepared tables of whole data sets, and the two scripts around them."""

from __future__ import annotations

import contextlib
import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lemmata.data.prepare import prepare
from lemmata.data.registry import DATASETS, raw_file
from lemmata.data.splits import assign_splits
from lemmata.errors import LemmataError
from lemmata.tables import check_predictions, read_table

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts" / "data"
SPLIT = {"seed": 5, "train": 0.5, "validation": 0.25, "test": 0.25}
RawPaths = Callable[..., dict[str, Path]]


def test_a_training_set(raw_paths: RawPaths) -> None:
    table = prepare("wine", raw_paths("wine"), SPLIT)
    assert list(table.columns[:3]) == ["row", "split", "y"]
    assert table["row"].tolist() == list(range(178))
    shares = {key: SPLIT[key] for key in ("train", "validation", "test")}
    expected = assign_splits(table["y"].to_numpy(), 5, shares)
    np.testing.assert_array_equal(table["split"].to_numpy(dtype=object), expected.astype(object))
    # Classes of 59, 71 and 48 rows: 29 + 35 + 24 for training, 15 + 18 + 12 for the other two.
    assert table["split"].value_counts().to_dict() == {"train": 88, "validation": 45, "test": 45}


def test_a_synthetic_set() -> None:
    table = prepare("synthetic_groups", {}, SPLIT, {"rows": 1000, "seed": 1})
    assert len(table) == 1000
    assert {"row", "split", "y", "p_true"} < set(table.columns)


def test_a_forecast_set(tmp_path: Path) -> None:
    path = tmp_path / "SF.FC.C1.csv"
    days = [f"{i / 730},0.5,{i % 2}" for i in range(731)]
    path.write_text("\n".join(["DAFFS,NOAA,rlz.C1", *days]))
    table = prepare("solar_flares_daffs", {path.name: path})
    assert list(table.columns) == ["seed", "split", "row", "y", "p"]
    check_predictions(table, "forecast")
    assert set(table["seed"]) == {0}
    assert set(table["split"]) == {"test"}
    np.testing.assert_array_equal(table["p"], np.arange(731) / 730)
    with pytest.raises(LemmataError, match=r"split settings are .* needed: none"):
        prepare("solar_flares_daffs", {path.name: path}, SPLIT)


def test_settings_that_do_not_fit_are_refused(raw_paths: RawPaths) -> None:
    wine = raw_paths("wine")
    with pytest.raises(LemmataError, match=r"wine: split settings are .*, needed: seed"):
        prepare("wine", wine, {"seed": 5})
    with pytest.raises(LemmataError, match=r"wine: synthetic settings are .*, needed: none"):
        prepare("wine", wine, SPLIT, {"rows": 10, "seed": 1})
    with pytest.raises(LemmataError, match=r"synthetic settings are \[\], needed: rows, seed"):
        prepare("synthetic_groups", {}, SPLIT)


# --- the scripts, with a stand-in for the job context ---------------------------------------------


@pytest.fixture
def run_script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run(name: str, **parts: object) -> None:
        stand_in = SimpleNamespace(**{"resources": {}, "stamp": {"rule": name}, **parts})

        @contextlib.contextmanager
        def job(snakemake: object) -> Iterator[SimpleNamespace]:
            assert snakemake == "engine"
            yield stand_in

        context = ModuleType("lemmata.provenance.job")
        context.job = job  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "lemmata.provenance.job", context)
        runpy.run_path(str(SCRIPTS / f"{name}.py"), init_globals={"snakemake": "engine"})

    return run


def test_scripts_from_package_to_table(run_script: Callable[..., None], tmp_path: Path) -> None:
    raw = raw_file("digits", "digits.csv.gz")
    run_script(
        "fetch",
        cfg=asdict(raw),
        resources={"mirror": ""},
        output=SimpleNamespace(file=str(tmp_path / raw.name)),
    )
    run_script(
        "prepare",
        cfg={"dataset": "digits", "split": SPLIT},
        input=SimpleNamespace(raw=[str(tmp_path / raw.name)]),
        output=SimpleNamespace(table=str(tmp_path / "table.parquet")),
    )
    table = read_table(tmp_path / "table.parquet")
    expected = prepare("digits", {raw.name: tmp_path / raw.name}, SPLIT)
    pd.testing.assert_frame_equal(table, expected)


def test_fetch_script_uses_the_mirror(run_script: Callable[..., None], tmp_path: Path) -> None:
    raw = raw_file("adult", "adult.data")
    place = tmp_path / "mirror" / str(raw.mirror_path)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"other bytes")
    with pytest.raises(LemmataError, match=f"adult.data from {place} is not the known file"):
        run_script(
            "fetch",
            cfg=asdict(raw),
            resources={"mirror": str(tmp_path / "mirror")},
            output=SimpleNamespace(file=str(tmp_path / raw.name)),
        )


def test_prepare_script_without_raw_files(run_script: Callable[..., None], tmp_path: Path) -> None:
    run_script(
        "prepare",
        cfg={"dataset": "synthetic_groups", "split": SPLIT, "synthetic": {"rows": 50, "seed": 2}},
        input=SimpleNamespace(),
        output=SimpleNamespace(table=str(tmp_path / "table.parquet")),
    )
    assert len(read_table(tmp_path / "table.parquet")) == 50


def test_every_bundled_set_prepares_offline(raw_paths: RawPaths) -> None:
    bundled = [name for name, entry in DATASETS.items() if entry.origin == "bundled"]
    for name in bundled:
        table = prepare(name, raw_paths(name), SPLIT)
        assert set(table["split"]) == {"train", "validation", "test"}
        assert table["y"].nunique() == DATASETS[name].classes
