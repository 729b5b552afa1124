"""The table of `lemmata efficiency` over small made-up records: every number computed by hand."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tests.unit.cluster.records import NOON, record, under


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


def _read(folder: Path) -> tuple[list[Any], list[Any]]:
    return read_uses(folder)[0], failures(folder)


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


def test_columns_stay_under_their_heads(results: Path) -> None:
    heads, names, *lines = table(efficiency(*_read(results), {})).splitlines()
    assert heads.index("suggested") >= names.index("mem_mb") - 1
    assert len({len(line) for line in (names, *lines)}) == 1
    assert heads.index("queue s") + len("queue s") <= len(names[: names.index("SLURM  <1")])


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
