"""Evidence is read as it was written, without pandas."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from lemmata.errors import LemmataError
from lemmata.evidence import read_evidence
from lemmata.stats import Interval, evidence_table
from lemmata.tables import write_table


def test_rows_are_what_was_written(tmp_path: Path) -> None:
    frame = evidence_table(
        {"slope": Interval(-0.3, -0.4, -0.2, 140), "gap": Interval(math.nan, 0.0, math.inf, 3)}
    )
    write_table(frame, tmp_path / "evidence.parquet")
    first, second = read_evidence(tmp_path / "evidence.parquet")
    assert first == frame.to_dict("records")[0]
    assert math.isnan(second["value"])
    assert (second["lower"], second["upper"], second["n"]) == (0.0, math.inf, 3)


@pytest.mark.parametrize("content", [None, b"not a table"])
def test_missing_and_damaged_tables_are_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "evidence.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LemmataError, match=r"evidence\.parquet: not a readable Parquet table"):
        read_evidence(path)


def test_judging_starts_without_numerics_and_schemas() -> None:
    said = (
        "import sys, lemmata.claims, lemmata.evidence, lemmata.provenance.job; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"pyarrow", "lemmata.evidence"} <= set(loaded)
    assert not {"pandas", "scipy", "torch", "jsonschema"} & set(loaded)
