"""`lemmata efficiency` over small made-up records: every number of the table computed by hand."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from lemmata.cli import main
from lemmata.cluster import sacct
from lemmata.cluster.efficiency import (
    MEMORY_FLOOR_MB,
    TIME_FLOOR_MIN,
    Row,
    efficiency,
    friendly_mb,
    friendly_minutes,
)
from lemmata.cluster.table import table
from lemmata.cluster.uses import failures, read_uses
from lemmata.errors import LemmataError
from lemmata.provenance.record import fingerprint_of, write_record

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def record(root: Path, name: str, rule: str, start_s: float, wall_s: float, **more: Any) -> Path:
    """A record of a job that began start_s seconds after noon. more: what differs."""
    started = NOON + timedelta(seconds=start_s)
    content: dict[str, Any] = {
        "rule": rule,
        "cfg": {"name": name},
        "code": {"digest": "c" * 64},
        "software": {"python": "3.11"},
        "inputs": [],
        "outputs": [],
        "resources": {"mem_mb": 2000, "runtime": 60},
        "threads": 1,
        "place": {"host": "there", "slurm": {}},
        "started": started.isoformat(),
        "ended": (started + timedelta(seconds=wall_s)).isoformat(),
        "wall_s": wall_s,
        "process_s": wall_s,
        "cpu_s": wall_s,
        "peak_memory_mib": 100.0,
        **more,
    }
    if content.get("fingerprint") is None:
        content["fingerprint"] = fingerprint_of(content)
    path = root / f"{name}.prov.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record(path, content)
    return path


def under(job_id: str | int, **more: Any) -> dict[str, Any]:
    return {"host": "there", "slurm": {"job_id": job_id, **more}}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Five jobs of two rules: three alone in their SLURM job, two that shared one."""
    root = tmp_path / "results" / "tiny"
    began = (NOON + timedelta(seconds=30)).isoformat()
    waited = {"submitted": NOON.isoformat(), "job_started": began}
    record(
        root,
        "a/one",
        "train",
        40,
        600,
        place=under("11", **waited),
        peak_memory_mib=1000.0,
        cpu_s=900.0,
        process_s=620.0,
        threads=2,
        resources={"mem_mb": 4000, "runtime": 120, "gpu": 1},
        gpu_peak_memory_mib=512.0,
    )
    record(
        root,
        "a/two",
        "train",
        100,
        300,
        place=under("12"),
        peak_memory_mib=3000.0,
        cpu_s=300.0,
        process_s=310.0,
        threads=2,
        resources={"mem_mb": 8000, "runtime": 240, "gpu": 1},
        gpu_peak_memory_mib=2048.0,
    )
    record(root, "a/three", "train", 1000, 30, place=under("13"), resources={"gpu": 1})
    record(root, "b/one", "plot", 2000, 20, place=under("14"), peak_memory_mib=150.0)
    record(root, "b/two", "plot", 2025, 20, place=under("14"), cpu_s=5.0)
    return root


def account(job_id: str, start_s: float, elapsed_s: float, **more: Any) -> sacct.Account:
    started = NOON + timedelta(seconds=start_s)
    empty = dict.fromkeys(field.name for field in dataclasses.fields(sacct.Account))
    known = {
        "job_id": job_id,
        "state": "COMPLETED",
        "exit_code": "0:0",
        "submitted": started,
        "started": started,
        "ended": started + timedelta(seconds=elapsed_s),
        "elapsed_s": elapsed_s,
    }
    return sacct.Account(**{**empty, **known, **more})


def rows(folder: Path, accounts: Mapping[str, sacct.Account] | None = None) -> dict[str, Row]:
    uses, wrong = read_uses(folder)
    assert wrong == []
    return {row.rule: row for row in efficiency(uses, failures(folder), accounts or {}).rows}


def test_the_table_from_records_alone(results: Path) -> None:
    found = rows(results)
    assert found["train"] == Row(
        rule="train",
        jobs=3,
        slurm_jobs=3,
        failed=0,
        asked_mb=8000,
        used_mb_max=3000,
        used_mb_median=1000,
        slurm_mb_max=None,
        # 900 + 300 + 30 CPU seconds of 2 * 620 + 2 * 310 + 30
        cpu_share=1230 / 1890,
        total_s=620 + 310 + 30,
        start_s=10,  # of 20, 10 and none
        useful=930 / 960,
        gpus=1,
        gpu_mb_max=2048,
        limit_min=240,
        wall_min_max=10,
        wall_min_median=5,
        wait_s_max=30,  # only one record knows
        wait_s_median=30,
        short=1,
        mem_mb=4500,  # 1.3 * (3000 + 400) = 4420
        runtime=30,  # 2 * (600 + 30) s = 21 min
    )
    plot = found["plot"]
    assert (plot.jobs, plot.slurm_jobs, plot.asked_mb, plot.limit_min) == (2, 1, 2000, 60)
    assert (plot.used_mb_max, plot.used_mb_median) == (150, 125)
    assert plot.cpu_share == 25 / 40
    assert (plot.gpus, plot.gpu_mb_max, plot.wait_s_max) == (0, None, None)
    assert plot.short == 1  # one SLURM job of 45 s, though two jobs of the DAG
    assert plot.mem_mb == 800  # 1.3 * (150 + 400) = 715
    assert plot.runtime == TIME_FLOOR_MIN


def test_a_group_lasts_from_its_first_to_its_last_job(results: Path) -> None:
    record(results, "b/three", "plot", 2045, 20, place=under("14"))  # 2000 to 2065
    found = efficiency(*_read(results), {})
    assert {job.slurm_id: job.elapsed_s for job in found.jobs}["14"] == 65
    assert {row.rule: row.short for row in found.rows} == {"plot": 0, "train": 1}
    whole = under("14", job_started=(NOON + timedelta(seconds=1990)).isoformat())
    record(results, "b/three", "plot", 2045, 20, place=whole)
    found = efficiency(*_read(results), {})
    assert {job.slurm_id: job.elapsed_s for job in found.jobs}["14"] == 75


def _read(folder: Path) -> tuple[list[Any], list[Any]]:
    return read_uses(folder)[0], failures(folder)


def test_a_slurm_job_of_two_rules_counts_once(results: Path) -> None:
    record(results, "b/three", "judge", 2046, 2, place=under("14"))
    found = efficiency(*_read(results), {})
    assert len(found.jobs) == 4
    assert sum(job.is_short for job in found.jobs) == 2
    assert {row.rule: row.short for row in found.rows} == {"judge": 1, "plot": 1, "train": 1}


def test_accounting_is_believed_where_a_job_was_alone(results: Path) -> None:
    alone = account(
        "12", 90, 3700, peak_mib=6000.0, submitted=NOON, ended=NOON + timedelta(seconds=3790)
    )
    shared = account("14", 1990, 4000, peak_mib=9000.0)
    found = rows(results, {"12": alone, "14": shared})
    train, plot = found["train"], found["plot"]
    assert (train.slurm_mb_max, train.mem_mb) == (6000, 8000)  # 1.3 * 6000 = 7800
    assert train.runtime == 180  # 2 * 3700 s = 123.3 min
    assert (train.wait_s_max, train.wait_s_median) == (90, 60)
    assert (train.wall_min_max, train.used_mb_max) == (10, 3000)  # of the records, as before
    assert (plot.slurm_mb_max, plot.mem_mb, plot.runtime) == (None, 800, 10)
    assert (plot.short, plot.wait_s_max) == (0, 0)


def test_less_than_the_record_says_is_not_believed(results: Path) -> None:
    sampled = account("12", 90, 320, peak_mib=200.0)  # sampled before the peak
    assert rows(results, {"12": sampled})["train"].mem_mb == 4500


@pytest.mark.parametrize("start_s", [100 + 121, -100_000])
def test_a_job_of_another_time_or_cluster_is_not_taken_for_ours(
    results: Path, start_s: float
) -> None:
    other = account("12", start_s, 400, peak_mib=60000.0)
    found = rows(results, {"12": other})["train"]
    assert (found.slurm_mb_max, found.mem_mb) == (None, 4500)
    ours = account("12", 100 + 119, 400, peak_mib=60000.0)  # clocks differ a little
    assert rows(results, {"12": ours})["train"].slurm_mb_max == 60000


def test_failed_attempts_count_by_rule(results: Path) -> None:
    logs = results.parent.parent / "logs" / "tiny" / "a"
    logs.mkdir(parents=True)
    lines = [
        {"rule": "train", "fingerprint": "f", "place": {"slurm": {"job_id": "21"}}},
        {"rule": "train", "fingerprint": "f", "place": {"slurm": {}}},
        {"rule": "gone", "fingerprint": "f"},
        {"no": "rule"},
        [],
        {"rule": "train", "place": []},
    ]
    text = "\n".join(map(json.dumps, lines))
    (logs / "one.attempts.jsonl").write_text(f'{text}\n{{"rule": "tra')
    (logs / "one.log").write_text('{"rule": "train"}\n')
    found = rows(results)
    assert {rule: row.failed for rule, row in found.items()} == {"plot": 0, "train": 2}
    ended = efficiency(*_read(results), {"21": account("21", 0, 5, state="TIMEOUT")}).ends
    assert ended == {"train": {"TIMEOUT": 1}}


def test_gpus_however_they_were_asked_for(tmp_path: Path) -> None:
    asked = [{"gpu": 2}, {"nvidia_gpu": 3}, {"gres": "gpu:a100:4"}, {"gres": "gpu:a100"}, {}]
    for i, resources in enumerate(asked):
        record(tmp_path / "r", f"{i}", f"rule{i}", 0, 1, resources=resources)
    assert [row.gpus for row in rows(tmp_path / "r").values()] == [2, 3, 4, 1, 0]
    assert {row.asked_mb for row in rows(tmp_path / "r").values()} == {None}


# Suggestions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mib", "friendly"),
    [
        (0, 500),
        (500, 500),
        (500.1, 600),
        (999, 1000),
        (1001, 1250),
        (4000, 4000),
        (4001, 4500),
        (8001, 9000),
        (31999, 32000),
        (32001, 36000),
        (100_000, 100_000),
    ],
)
def test_friendly_memory(mib: float, friendly: int) -> None:
    assert friendly_mb(mib) == friendly


@pytest.mark.parametrize(
    ("minutes", "friendly"),
    [
        (0, 10),
        (10, 10),
        (10.1, 15),
        (45, 45),
        (46, 60),
        (721, 1080),
        (1440, 1440),
        (1441, 2880),
        (4321, 5760),
    ],
)
def test_friendly_minutes(minutes: float, friendly: int) -> None:
    assert friendly_minutes(minutes) == friendly


@given(st.floats(0, 10**7), st.floats(0, 10**7))
def test_friendly_numbers_suffice_and_keep_order(first: float, second: float) -> None:
    low, high = sorted((first, second))
    for friendly, floor in ((friendly_mb, MEMORY_FLOOR_MB), (friendly_minutes, TIME_FLOOR_MIN)):
        assert max(low, floor) <= friendly(low) <= friendly(high)
        assert friendly(friendly(low)) == friendly(low)
        assert friendly(low) <= 2 * max(low, floor)


# The command ----------------------------------------------------------------------------------


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


def test_columns_stay_under_their_heads(results: Path) -> None:
    heads, names, *lines = table(efficiency(*_read(results), {})).splitlines()
    assert heads.index("suggested") >= names.index("mem_mb") - 1
    assert len({len(line) for line in (names, *lines)}) == 1
    assert heads.index("queue s") + len("queue s") <= len(names[: names.index("SLURM  <1")])
