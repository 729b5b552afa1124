"""SLURM's units of memory and time, and its lists of what can be counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.provenance import slurm


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("1.5G", 1536),
        ("512M", 512),
        ("0", 0),
        ("1048576", 1),
        ("108544K", 106),
        ("2T", 2 * 2**20),
        ("1000Mn", 1000),
        ("4Gc", 4096),
        ("", None),
        ("?", None),
        ("16 GB", None),
        ("-1M", None),
        ("1.M", None),
    ],
)
def test_memory(text: str, mib: float | None) -> None:
    assert slurm.memory_mib(text) == mib


@given(st.integers(0, 2**40), st.sampled_from("KMGTPE"))
def test_memory_round_trip(amount: int, unit: str) -> None:
    factor = 2 ** (10 * ("KMGTPE".index(unit) - 1))
    assert slurm.memory_mib(f"{amount}{unit}") == amount * factor


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12-01:02:03", ((12 * 24 + 1) * 60 + 2) * 60 + 3),
        ("00:03.123", 3.123),
        ("01:00:00", 3600),
        ("10:00", 600),
        ("2-00:00:00.5", 172800.5),
        ("UNLIMITED", None),
        ("Partition_Limit", None),
        ("", None),
        ("12", None),
        ("1:2:3:4", None),
        ("-00:10:00", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert slurm.duration_s(text) == seconds


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59999))
def test_duration_round_trip(days: int, hours: int, minutes: int, ms: int) -> None:
    whole = f"{days}-{hours:02}:{minutes:02}:{ms // 1000:02}.{ms % 1000:03}"
    seconds = ((days * 24 + hours) * 60 + minutes) * 60 + ms / 1000
    assert slurm.duration_s(whole) == pytest.approx(seconds, rel=1e-12)


def test_gpus_of_models_are_summed_where_nothing_else_is_told() -> None:
    assert slurm.trackable("cpu=8,gres/gpu:l20=1,gres/gpu:a100=2")["gres/gpu"] == "3"
    assert slurm.trackable("cpu=8,gres/gpu:l20=1,gres/gpu=1")["gres/gpu"] == "1"
    assert slurm.trackable("(null)") == {}
