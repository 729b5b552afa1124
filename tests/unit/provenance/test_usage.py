"""What a job used: memory and processor time with its children's, and memory of GPUs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from lemmata.provenance import environment

CHILD = """
import json, subprocess, sys
from lemmata.provenance.environment import usage
before = usage()
code = "x = bytearray(300 * 2**20); sum(range(4_000_000))"
subprocess.run([sys.executable, "-c", code], check=True)
print(json.dumps([before, usage()]))
"""


def test_children_count_in_memory_and_cpu(tmp_path: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, env=os.environ
    )
    took_s = time.monotonic() - began
    before, after = json.loads(done.stdout)
    assert before["peak_memory_mib"] < 250
    assert 300 < after["peak_memory_mib"] < 300 + before["peak_memory_mib"]  # not the sum
    assert after["cpu_s"] - before["cpu_s"] > 0.05
    assert 0 < before["process_s"] < after["process_s"]
    assert after["process_s"] <= took_s  # whoever started it waited longer
    assert after["cpu_s"] <= after["process_s"] * 1.1 + 0.05
    assert "gpu_peak_memory_mib" not in after


def test_memory_of_the_parent_does_not_count() -> None:
    large = f"import subprocess, sys; x = bytearray(400 * 2**20); c = {CHILD!r}\n"
    start = f"{large}subprocess.run([sys.executable, '-c', c], check=True)"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True)
    before, after = json.loads(done.stdout)
    assert before["peak_memory_mib"] < 250
    assert after["peak_memory_mib"] < 400


@pytest.mark.parametrize(("initialised", "told"), [(True, 96.5), (False, None)])
def test_gpu_memory_is_told_where_torch_used_one(
    monkeypatch: pytest.MonkeyPatch, initialised: bool, told: float | None
) -> None:
    held = [64 * 2**20, 32.5 * 2**20]
    cuda = SimpleNamespace(
        is_initialized=lambda: initialised,
        device_count=lambda: 2,
        max_memory_reserved=held.__getitem__,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert environment.usage().get("gpu_peak_memory_mib") == told
