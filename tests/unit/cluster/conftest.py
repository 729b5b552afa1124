"""A results folder of a few made-up records, whose sums can be done by hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.cluster.records import NOON, record, under


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
