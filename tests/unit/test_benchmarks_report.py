"""Benchmarks: how rounds are timed and compared, and how the README is rewritten."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import all as everything
import measure
import numpy as np
import pytest
import readme

BENCHMARKS = Path(everything.__file__).parent
ROW = measure.Row("peer", "a thing", "n = 3", 2.0, 1.9, 2.1, ours=0.01, peer=0.02, against="b 1.0")


class Clock:
    """A clock that only work moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now

    def work(self, name: str, *seconds: float) -> Any:
        left = list(seconds)

        def go() -> None:
            self.order.append(name)
            self.now += left.pop(0)

        return go


# Measuring


def test_turns_alternate_and_the_first_calls_only_warm_up() -> None:
    clock = Clock()
    works = {"a": clock.work("a", 9, 1, 2), "b": clock.work("b", 9, 4, 6)}
    seconds = measure.turns(works, 2, clock)
    assert clock.order == ["a", "b", "a", "b", "b", "a"]
    assert {name: s.tolist() for name, s in seconds.items()} == {"a": [1, 2], "b": [4, 6]}


def test_short_work_is_repeated_within_a_round() -> None:
    clock = Clock()
    calls = int(measure.LEAST_S / 0.01) + 1
    seconds = measure.turns({"a": clock.work("a", *[0.01] * 20)}, 1, clock)
    assert len(clock.order) in (calls + 1, calls + 2)  # two to warm up; 0.05 / 0.01 may round up
    assert seconds["a"][0] == pytest.approx(0.01)


def test_a_ratio_is_of_one_round() -> None:
    clock = Clock()
    works = {"ours": clock.work("o", 1, 1, 2, 1), "x 1": clock.work("x", 1, 2, 6, 8)}
    row = measure.versus("w", "s", works, 3, clock)
    assert (row.ratio, row.low, row.high) == (3.0, 2.0, 8.0)  # 2 / 1, 6 / 2, 8 / 1
    assert (row.ours, row.peer, row.against) == (1.0, 6.0, "x 1")


def test_rows_are_kept_and_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    report = measure.Report(path)
    report.add(ROW)
    report.add(ROW)
    assert measure.read_rows(path) == [ROW, ROW]
    assert "ratio 2 (1.9 to 2.1)" in capsys.readouterr().out


def test_a_missing_peer_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.installed("no-such-peer") is None
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "no-such-peer is not installed" in said
    assert "left out" in said
    assert measure.installed("numpy") == f"numpy {np.__version__}"


# README


def test_readme_is_rewritten_between_its_markers_alone() -> None:
    text = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
    assert readme.rewritten(text, "new") == text.replace("old", "new")
    for broken in ("nothing", text + readme.BEGIN, f"{readme.END} {readme.BEGIN}"):
        with pytest.raises(ValueError, match="must each stand once"):
            readme.rewritten(broken, "new")


def test_readme_of_the_project_can_be_rewritten(project: Path) -> None:
    assert "## Measured" in readme.rewritten((project / "README.md").read_text(), "new")


def test_block_holds_what_was_measured_and_says_what_was_not() -> None:
    entry = {
        "date": "2026-01-02",
        "machine": "a processor, 2 cores",
        "software": {"python": "3.11"},
        "seconds": 90,
        "left_out": ["dvc is not installed: left out"],
        "rows": [asdict(ROW)],
    }
    text = readme.block({"things": entry, "others": entry | {"rows": []}})
    assert "| a thing | n = 3 | 10 ms | 20 ms, b 1.0 | 2.0 (1.90 to 2.1) |  |" in text
    runs = "| `things`, `others` | 2026-01-02 | a processor, 2 cores | python 3.11 | 3.0 min |"
    assert runs in text
    assert text.count("dvc is not installed") == 1
    assert "No line is of a GPU" in text
    assert "Growth" not in text
    assert "No line is of a GPU" not in readme.block({f"limits{readme.CUDA}": entry})


def test_packing_has_a_line_a_way_and_a_column_a_number_of_seeds() -> None:
    def row(seeds: int, ours: float) -> measure.Row:
        return replace(ROW, kind="packing", what="net: way", sizes=f"S = {seeds}, cpu", ours=ours)

    heads, lines = readme.packing([row(16, 0.5), row(4, 0.25), replace(row(4, 1), what="x: way")])
    assert heads == ["network: way", "device", "S = 4", "S = 16"]
    assert lines == [
        ["net: way", "cpu", "2.0 (1.90 to 2.1); 250 ms", "2.0 (1.90 to 2.1); 500 ms"],
        ["x: way", "cpu", "2.0 (1.90 to 2.1); 1.00 s", ""],
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0123, "0.012"),
        (0.984, "0.98"),
        (1.0, "1.00"),
        (9.98, "10"),
        (244.0, "240"),
        (4611, "4,600"),
    ],
)
def test_numbers_have_the_digits_that_a_measurement_bears(value: float, said: str) -> None:
    assert readme.number(value) == said


def test_one_benchmark_runs_and_hands_its_rows_over(capsys: pytest.CaptureFixture[str]) -> None:
    entry = everything.measured(everything.Benchmark("smooth_calibration"), quick=True)
    assert entry is not None
    assert [row["sizes"] for row in entry["rows"]] == ["n = 300"]
    assert everything.measured(everything.Benchmark("smooth_calibration", ("--no",)), True) is None
    assert "smooth calibration error" in capsys.readouterr().out


def test_every_benchmark_has_its_script() -> None:
    known = everything.benchmarks("dvc")
    assert {b.script for b in known.values()} <= {path.stem for path in BENCHMARKS.glob("*.py")}
    assert [name for name, b in known.items() if b.gpu] == ["limits_cuda", "packing_cuda"]
