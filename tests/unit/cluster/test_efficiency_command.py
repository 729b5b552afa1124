"""The command `lemmata efficiency`: what it prints, asks of sacct and leaves out by name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from lemmata.cli import main
from lemmata.cluster import sacct
from lemmata.cluster.uses import read_uses
from lemmata.errors import LemmataError
from tests.unit.cluster.records import record, under


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["efficiency", *map(str, arguments)])


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on the PATH, for a stand-in of sacct."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(sacct.shutil, "which", lambda name: _program(folder / name))
    return folder


def _program(path: Path) -> str | None:
    return str(path) if path.exists() else None


def stand_in(folder: Path, body: str) -> None:
    (folder / "sacct").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "sacct").chmod(0o755)


def test_printed(results: Path, cluster: Path) -> None:
    done = run(results, "--no-sacct")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[1:4]] == [
        "rule jobs failed asked max median SLURM used all start-up useful asked max MB limit max "
        "median max median SLURM <1 min mem_mb runtime",
        "plot 2 0 2000 150 125 - 62% 40.0 0.0 100% 0 - 60 0.33 0.33 - - 1 1 800 10",
        "train 3 0 8000 3000 1000 - 65% 960 10.0 97% 1 2048 240 10.0 5.00 30 30 3 1 4500 30",
    ]
    # 970 of 620 + 310 + 30 + 20 + 20 seconds
    assert "5 jobs took 1000 s together, 97% of it after their start-up (imports)" in lines
    # 900 + 300 + 30 + 20 + 5 seconds of CPU, from 40 to 2045 seconds after noon
    assert "from the first start to the last end 2005 s: the jobs kept 0.63 cores busy" in lines
    assert "5 jobs in 4 SLURM jobs, 2 of these under a minute" in lines
    assert "without SLURM" not in done.stdout


def test_the_block_can_be_pasted_into_a_profile(results: Path, cluster: Path) -> None:
    done = run(results, "--no-sacct")
    block = done.stdout[done.stdout.index("# mem_mb:") :]
    assert "1.3 x" in block
    assert "at least 500 MB" in block
    assert yaml.safe_load(block) == {
        "set-resources": {
            "plot": {"mem_mb": 800, "runtime": 10},
            "train": {"mem_mb": 4500, "runtime": 30},
        }
    }


def test_json(results: Path, cluster: Path) -> None:
    done = run(results, "--json", "--no-sacct")
    told = json.loads(done.stdout)
    assert told["set-resources"]["train"] == {"mem_mb": 4500, "runtime": 30}
    assert [row["rule"] for row in told["rules"]] == ["plot", "train"]
    assert told["under_a_minute"] == 2
    held = {job["job_id"]: (job["jobs"], job["rules"]) for job in told["slurm_jobs"]}
    assert held["14"] == (2, ["plot"])
    assert told["remarks"] == []


def test_sacct_is_asked_once_for_all(results: Path, cluster: Path) -> None:
    times = "2026-01-01T12:00:00|2026-01-01T12:01:30|2026-01-01T12:07:00"
    (cluster / "said").write_text(
        f"12|COMPLETED|0:0|{times}|00:05:30|00:05:10|8000M|cpu=2,mem=8000M|cpu=2,mem=8000M|\n"
        f"12.batch|COMPLETED|0:0|{times}|00:05:30|00:00:02||||185232K\n"
        f"12.0|COMPLETED|0:0|{times}|00:05:30|00:05:08||||5000M\n"
    )
    stand_in(cluster, f'echo "$@" >> {cluster}/asked; cat {cluster}/said')
    done = run(results)
    assert (done.exit_code, done.stderr) == (0, "")
    line = next(line for line in done.stdout.splitlines() if line.startswith("train"))
    assert line.split()[6] == "5181"
    assert line.split()[-2:] == ["7000", "30"]
    calls = (cluster / "asked").read_text().splitlines()
    assert [call.split()[-1] for call in calls] == ["--jobs=11,12,13,14"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "lemmata: sacct: not found on the PATH; the records alone were used\n"),
        (
            "echo down >&2; exit 1",
            "lemmata: sacct: ended with status 1 (down); the records alone were used\n",
        ),
    ],
)
def test_without_sacct_the_records_are_used_and_that_is_said(
    results: Path, cluster: Path, body: str | None, said: str
) -> None:
    if body is not None:
        stand_in(cluster, body)
    done = run(results)
    assert (done.exit_code, done.stderr) == (0, said)
    assert done.stdout == run(results, "--no-sacct").stdout
    assert run(results, "--no-sacct").stderr == ""


def test_a_local_run_makes_the_table_too(tmp_path: Path, cluster: Path) -> None:
    record(tmp_path / "r", "a", "fit", 0, 30)
    alone = run(tmp_path / "r").stdout.splitlines()
    assert "1 job ran without SLURM, 1 of these under a minute" in alone
    record(tmp_path / "r", "b", "fit", 0, 90)
    stand_in(cluster, f"touch {cluster}/asked")
    done = run(tmp_path / "r")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "2 jobs ran without SLURM, 1 of these under a minute" in done.stdout.splitlines()
    assert "SLURM jobs," not in done.stdout
    assert not (cluster / "asked").exists()  # there is nothing to ask for


def test_an_unused_gpu_is_named(tmp_path: Path, cluster: Path) -> None:
    record(tmp_path / "r", "a", "fit", 0, 30, resources={"gpu": 1})
    assert "fit: asked for a GPU and used none" in run(tmp_path / "r").stdout.splitlines()
    record(tmp_path / "r", "a", "fit", 0, 30, resources={"gpu": 1}, gpu_peak_memory_mib=2.0)
    assert "used none" not in run(tmp_path / "r").stdout


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "forged": ({"fingerprint": "f" * 64}, "its fingerprint is not that of its content"),
    "negative": ({"cpu_s": -1}, "-1 is not an amount"),
    "text": ({"peak_memory_mib": "much"}, "'much' is not an amount"),
    "endless": ({"cpu_s": 10**400}, "OverflowError"),
    "backwards": ({"ended": "2020-01-01T00:00:00+00:00"}, "ended before it started"),
    "local time": ({"started": "2026-01-01T12:00:00"}, "has no time zone"),
    "no time": ({"ended": None}, "TypeError"),
    "placeless": ({"place": None}, "'NoneType' object"),
    "other queue": ({"place": under("5", submitted="soon")}, "ValueError"),
    "number": ({"place": under(5)}, "5 is not text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_record_is_named_and_left_out(results: Path, cluster: Path, name: str) -> None:
    whole = run(results, "--no-sacct").stdout
    more, message = BROKEN[name]
    path = record(results, "wrong", "train", 0, 99999, **more)
    done = run(results, "--no-sacct")
    assert (done.exit_code, done.stdout) == (0, whole)
    assert done.stderr.startswith(f"lemmata: left out: {path}: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert json.loads(run(results, "--no-sacct", "--json").stdout)["remarks"]


def test_a_changed_record_is_named_and_left_out(results: Path, cluster: Path) -> None:
    path = results / "a" / "two.prov.json"
    path.write_bytes(path.read_bytes().replace(b"3000.0", b"9000.0"))
    done = run(results, "--no-sacct")
    assert done.stderr == f"lemmata: left out: {path}: record was changed after it was written\n"
    assert "9000" not in done.stdout


def test_what_there_is_nothing_to_tell_of(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, said in (("none", "no such folder"), ("empty", "holds no records")):
        done = run(tmp_path / name, "--no-sacct")
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"lemmata: {tmp_path / name}: {said}\n"
    lone = record(tmp_path / "lone", "x", "fit", 0, 1, cpu_s=-1)
    done = run(tmp_path / "lone")
    assert done.exit_code == 2
    assert done.stderr.startswith(
        f"lemmata: {tmp_path}/lone: holds no record to believe; the first"
    )
    assert str(lone) in done.stderr
    with pytest.raises(LemmataError, match="no such folder"):
        read_uses(lone)  # a file
