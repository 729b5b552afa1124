"""Every outcome of comparing a file made again, and the case that just fails it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from lemmata.lineage.compare import Comparison, Outcome, Terms, compare, first_difference
from lemmata.plotting import save_figure, style
from lemmata.provenance.digest import sha256_file
from lemmata.tables import write_table

STAMPS = [{"fingerprint": "a" * 64}, {"fingerprint": "b" * 64}]
TOLERANCE = {"rtol": 1e-3, "atol": 1e-6}
SAME, OTHER = (Terms(TOLERANCE, same_hardware=same) for same in (True, False))


def table(path: Path, stamp: int = 0, **columns: Any) -> Path:
    frame = pd.DataFrame({"x": [1.0, np.nan, 3.0], "n": [1, 2, 3], "s": ["a", "b", None]})
    write_table(frame.assign(**columns), path, STAMPS[stamp])
    return path


def judge(recorded: Path, made: Path, terms: Terms) -> Comparison:
    item = {"path": f"results/{recorded.name}", "sha256": sha256_file(recorded)}
    return compare(item, recorded, made, terms)


def two(tmp_path: Path, suffix: str) -> tuple[Path, Path]:
    return tmp_path / f"old{suffix}", tmp_path / f"new{suffix}"


def test_same_bytes_are_identical(tmp_path: Path) -> None:
    old, new = two(tmp_path, ".parquet")
    assert judge(table(old), table(new), SAME).outcome is Outcome.IDENTICAL


def test_a_recorded_file_that_is_gone_leaves_only_its_hash(tmp_path: Path) -> None:
    old, new = two(tmp_path, ".parquet")
    table(old)
    item = {"path": "results/old.parquet", "sha256": sha256_file(old)}
    old.unlink()
    assert compare(item, old, table(new), OTHER).outcome is Outcome.IDENTICAL
    assert compare(item, old, table(new, x=[1.0, 2.0, 3.0]), OTHER).outcome is Outcome.UNKNOWN


def test_same_hardware_means_same_bytes(tmp_path: Path) -> None:
    old, new = two(tmp_path, ".parquet")
    found = judge(table(old), table(new, x=[1.0 + 1e-12, np.nan, 3.0]), SAME)
    assert found.outcome is Outcome.DIFFERS
    assert "x[0]" in found.detail
    stamped = judge(old, table(new, stamp=1), SAME)
    assert (stamped.outcome, stamped.detail) == (Outcome.DIFFERS, "in its stamp")


def test_other_hardware_within_the_tolerance_and_just_beyond(tmp_path: Path) -> None:
    old, new = two(tmp_path, ".parquet")
    table(old)
    within = judge(old, table(new, 1, x=[1.0009, np.nan, 3.0]), OTHER)
    assert within.outcome is Outcome.WITHIN
    assert "x[0]" in within.detail
    beyond = judge(old, table(new, 1, x=[1.0009, np.nan, 3.004]), OTHER)
    assert beyond.outcome is Outcome.DIFFERS
    assert "x[2]: 3, now 3.004" in beyond.detail
    assert judge(old, table(new, 1), OTHER) == Comparison(
        "results/old.parquet", Outcome.WITHIN, "same content"
    )


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"s": ["a", "c", None]}, "s[1]: 'b', now 'c'"),
        ({"s": ["a", "b", "c"]}, "s[2]"),
        ({"n": [1, 2, 4]}, "n[2]: 3, now 4"),
        ({"x": [1.0, 2.0, 3.0]}, "x[1]: nan, now 2.0"),
        ({"x": [1.0, np.nan, np.inf]}, "x[2]: 3.0, now inf"),
        ({"y": [0, 0, 0]}, "other parts: y"),
        ({"n": [1.0, 2.0, 3.0]}, "n: type int64, now float64"),
    ],
)
def test_what_no_tolerance_covers(tmp_path: Path, columns: dict[str, Any], named: str) -> None:
    old, new = two(tmp_path, ".parquet")
    found = judge(table(old), table(new, **columns), OTHER)
    assert found.outcome is Outcome.DIFFERS
    assert named in found.detail


def test_measurements_of_the_machine_are_no_failure(tmp_path: Path) -> None:
    old, new = two(tmp_path, ".parquet")
    terms = Terms({"machine": "seconds"}, same_hardware=True, measured=True)
    assert judge(table(old), table(new, x=[9.0, 9.0, 9.0]), terms).outcome is Outcome.MEASURED
    assert judge(old, table(new), terms).outcome is Outcome.IDENTICAL


def weights(path: Path, scale: float) -> Path:
    values = {"w": np.full((2, 3), scale, np.float32), "b": np.zeros(3, np.float32)}
    save_file(values, path)
    return path


def document(path: Path, value: float) -> Path:
    path.write_text(json.dumps({"claim": "a", "parts": [{"value": value, "verdict": "yes"}]}))
    return path


def csv(path: Path, value: float) -> Path:
    path.write_text(f"name,value\na,{value}\n")
    return path


@pytest.mark.parametrize(
    ("suffix", "write", "named"),
    [
        (".safetensors", weights, "w[0]"),
        (".json", document, ".parts[0].value[0]"),
        (".csv", csv, "value[0]"),
    ],
)
def test_weights_documents_and_text_tables(
    tmp_path: Path, suffix: str, write: Callable[[Path, float], Path], named: str
) -> None:
    old, new = two(tmp_path, suffix)
    write(old, 1.0)
    assert judge(old, write(new, 1.0005), OTHER).outcome is Outcome.WITHIN
    beyond = judge(old, write(new, 1.002), OTHER)
    assert beyond.outcome is Outcome.DIFFERS
    assert named in beyond.detail
    assert judge(old, write(new, 1.0005), SAME).outcome is Outcome.DIFFERS


def test_words_of_a_document_must_agree(tmp_path: Path) -> None:
    old, new = two(tmp_path, ".json")
    document(old, 1.0)
    new.write_text(old.read_text().replace("yes", "no"))
    assert judge(old, new, OTHER).outcome is Outcome.DIFFERS


def figure(path: Path, height: float, stamp: int) -> Path:
    with style():
        fig, ax = plt.subplots()
        ax.plot([0.0, height])
        save_figure(fig, [path], STAMPS[stamp], dpi=72)
    return path


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_pictures(tmp_path: Path, suffix: str) -> None:
    old, new = two(tmp_path, suffix)
    figure(old, 1.0, 0)
    assert judge(old, figure(new, 1.0, 0), SAME).outcome is Outcome.IDENTICAL
    assert judge(old, figure(new, 1.0, 1), SAME).detail == "in its stamp"
    assert judge(old, figure(new, 1.0, 1), OTHER).detail == "same drawing"
    other = judge(old, figure(new, 2.0, 1), SAME)
    assert (other.outcome, other.detail) == (Outcome.DIFFERS, "another drawing")
    assert judge(old, new, OTHER).detail == "judged by the table that it draws"


numbers = st.lists(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6),
    min_size=1,
    max_size=8,
)


@given(
    values=numbers, factor=st.floats(min_value=0.0, max_value=3.0), sign=st.sampled_from([-1, 1])
)
def test_the_tolerance_is_numpys(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], factor: float, sign: int
) -> None:
    """|new - old| <= atol + rtol |old|, as numpy.isclose has it."""
    folder = tmp_path_factory.mktemp("pair")
    old, new = folder / "old.parquet", folder / "new.parquet"
    x = np.array(values)
    y = x + sign * factor * (TOLERANCE["atol"] + TOLERANCE["rtol"] * np.abs(x))
    write_table(pd.DataFrame({"x": x}), old, STAMPS[0])
    write_table(pd.DataFrame({"x": y}), new, STAMPS[1])
    close = np.abs(y - x) <= TOLERANCE["atol"] + TOLERANCE["rtol"] * np.abs(x)
    found = judge(old, new, OTHER)
    assert (found.outcome is Outcome.WITHIN) == bool(close.all())
    assert (first_difference(old, new) is None) == bool((x == y).all())
