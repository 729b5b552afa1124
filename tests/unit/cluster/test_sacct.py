"""What is made of sacct's output, and what happens when there is none."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.cluster import sacct
from lemmata.errors import LemmataError

# As SLURM 22.05 printed it: a GPU job, a task of an array, and a job that held four of the DAG.
OURS = """\
2|COMPLETED|0:0|2026-11-23T09:45:10|2026-11-23T09:45:11|2026-11-23T09:45:11|00:00:00|00:00.053|1500M|billing=1,cpu=1,gres/gpu=1,mem=1500M,node=1|billing=1,cpu=1,gres/gpu=1,mem=1500M,node=1|
2.batch|COMPLETED|0:0|2026-11-23T09:45:11|2026-11-23T09:45:11|2026-11-23T09:45:11|00:00:00|00:00.033|||cpu=1,gres/gpu=1,mem=1500M,node=1|
2.0|COMPLETED|0:0|2026-11-23T09:45:11|2026-11-23T09:45:11|2026-11-23T09:45:11|00:00:00|00:00.019|||cpu=1,gres/gpu=1,mem=1500M,node=1|
3|COMPLETED|0:0|2026-11-23T09:45:12|2026-11-23T09:45:13|2026-11-23T09:45:13|00:00:00|00:00.052|1500M|billing=1,cpu=1,mem=1500M,node=1|billing=1,cpu=1,mem=1500M,node=1|
6|COMPLETED|0:0|2026-11-23T09:52:02|2026-11-23T09:52:03|2026-11-23T09:52:09|00:00:06|00:05.390|4000M|billing=1,cpu=1,mem=4000M,node=1|billing=1,cpu=1,mem=4000M,node=1|
6.batch|COMPLETED|0:0|2026-11-23T09:52:03|2026-11-23T09:52:03|2026-11-23T09:52:09|00:00:06|00:01.217|||cpu=1,mem=4000M,node=1|185232K
6.0|COMPLETED|0:0|2026-11-23T09:52:04|2026-11-23T09:52:04|2026-11-23T09:52:08|00:00:04|00:04.173|||cpu=1,mem=4000M,node=1|592208K
"""
# Shapes of other versions and sites: steps called extern, memory with its own unit or per core,
# GPUs by model, times that nobody knows yet, days.
OTHERS = """\
70|OUT_OF_MEMORY|0:125|2026-08-14T00:00:00|2026-08-14T00:01:00|2026-08-14T00:02:42|00:01:42|12-01:02:03|15G|billing=20,cpu=2,gres/gpu:l20=1,mem=15G,node=1|billing=20,cpu=2,gres/gpu:l20=1,gres/gpu=1,mem=15G,node=1|
70.batch|OUT_OF_MEMORY|0:125|2026-08-14T00:01:00|2026-08-14T00:01:00|2026-08-14T00:02:42|00:01:42|00:00.001|||cpu=2,mem=15G,node=1|1.5G
70.extern|COMPLETED|0:0|2026-08-14T00:01:00|2026-08-14T00:01:00|2026-08-14T00:02:42|00:01:42|00:00.001|||cpu=2,mem=15G,node=1|0
70.0|CANCELLED by 11249|0:9|2026-08-14T00:01:00|2026-08-14T00:01:00|2026-08-14T00:02:42|00:01:42|00:00.001|||cpu=2,mem=15G,node=1|512M
70.1|COMPLETED|0:0|2026-08-14T00:01:00|2026-08-14T00:01:00|2026-08-14T00:02:42|00:01:42|00:00.001|||cpu=2,mem=15G,node=1|1G
71|CANCELLED by 1000|0:0|2026-08-14T00:00:00|Unknown|Unknown|00:00:00|00:00:00|2000Mc|||
"""  # noqa: E501


def test_jobs_as_the_cluster_of_the_tests_accounts_them() -> None:
    found = sacct.parse(OURS)
    assert sorted(found) == ["2", "3", "6"]
    assert found["6"] == sacct.Account(
        job_id="6",
        state="COMPLETED",
        exit_code="0:0",
        submitted=datetime(2026, 11, 23, 9, 52, 2, tzinfo=UTC),
        started=datetime(2026, 11, 23, 9, 52, 3, tzinfo=UTC),
        ended=datetime(2026, 11, 23, 9, 52, 9, tzinfo=UTC),
        elapsed_s=6.0,
        cpu_s=5.39,
        asked_mib=4000.0,
        cpus=1,
        gpus=None,
        peak_mib=(185232 + 592208) / 1024,
    )
    assert found["6"].wait_s == 1.0
    assert found["2"].gpus == 1
    assert found["2"].peak_mib is None  # over before it was ever sampled


def test_jobs_as_other_versions_account_them() -> None:
    found = sacct.parse(OTHERS)
    first, second = found["70"], found["71"]
    assert (first.state, first.exit_code, first.cpus, first.gpus) == (
        "OUT_OF_MEMORY",
        "0:125",
        2,
        1,
    )
    assert (first.asked_mib, first.elapsed_s, first.wait_s) == (15 * 1024, 102.0, 60.0)
    assert first.cpu_s == ((12 * 24 + 1) * 60 + 2) * 60 + 3
    assert first.peak_mib == 1.5 * 1024 + 0 + 1024  # the batch script, and the largest step
    assert (second.state, second.asked_mib, second.wait_s) == ("CANCELLED", 2000, None)
    assert (second.started, second.ended, second.cpus, second.gpus) == (None, None, None, None)


@pytest.mark.parametrize("line", ["6|COMPLETED|0:0", "slurm: a warning", OURS.split("\n")[0] + "|"])
def test_a_line_of_another_shape_is_named(line: str) -> None:
    with pytest.raises(LemmataError, match=r"^sacct: '.{1,60}' has \d+ columns where 12"):
        sacct.parse(f"{OURS}{line}\n")


@given(st.text(alphabet="0123456789.|-:KMGcpu=,\n ", max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    try:
        sacct.parse(text)
    except LemmataError as error:
        assert "columns" in str(error)  # noqa: PT017 - most texts have other columns


def test_nothing_is_nothing() -> None:
    assert sacct.parse("") == {}


# Calling it -----------------------------------------------------------------------------------


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    path = folder / "bin" / "sacct"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")


def test_one_call_for_many_jobs_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "said").write_text(OURS)
    stand_in(
        tmp_path,
        monkeypatch,
        f'echo "$TZ $SLURM_TIME_FORMAT $@" >> {tmp_path}/asked; cat {tmp_path}/said',
    )
    monkeypatch.setenv("SLURM_TIME_FORMAT", "relative")
    monkeypatch.setattr(sacct, "CHUNK", 3)
    found = sacct.accounts(["6", "10", "2", "6", "not;a number", "11"])
    assert sorted(found) == ["2", "6"]  # and not 3, which nobody asked for
    calls = (tmp_path / "asked").read_text().splitlines()
    asked = f"UTC0  --parsable2 --noheader --format={','.join(sacct.FIELDS)} --jobs="
    assert calls == [f"{asked}2,6,10", f"{asked}11"]


def test_no_ids_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert sacct.accounts([]) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "echo x; echo 'Slurm accounting storage is disabled' >&2; exit 1",
            r"ended with status 1 \(Slurm accounting storage is disabled\)",
        ),
        ("exit 3", r"ended with status 3 \(no message\)"),
        ("echo 'a|b'", r"'a\|b' has 2 columns where 12 were asked for"),
    ],
)
def test_a_failing_sacct_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    stand_in(tmp_path, monkeypatch, body)
    with pytest.raises(LemmataError, match=f"^sacct: {message}$"):
        sacct.accounts(["6"])


def test_an_absent_slow_or_unusable_sacct_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "exec sleep 5")
    monkeypatch.setattr(sacct, "TIMEOUT_S", 0.2)
    with pytest.raises(LemmataError, match=r"^sacct: no answer in 0 s$"):
        sacct.accounts(["6"])
    (tmp_path / "bin" / "sacct").write_text("\x7fELF no program")
    with pytest.raises(LemmataError, match=r"^sacct: cannot be run \(Exec format error\)$"):
        sacct.accounts(["6"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LemmataError, match=r"^sacct: not found on the PATH$"):
        sacct.accounts(["6"])
