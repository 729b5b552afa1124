"""The store after deaths, a stop and a full disk, and under many writers at once."""

from __future__ import annotations

import errno
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lemmata.provenance import disk, upkeep
from lemmata.provenance.store import Store
from tests.unit.provenance.finished_jobs import (
    CONTENT,
    FINGERPRINT,
    age,
    back,
    kept_files,
    make,
    targets,
)


class Killed(BaseException):
    """Stands for a death between two system calls."""


@pytest.mark.parametrize("call", range(12))
def test_death_at_any_point_leaves_a_store_that_works(
    store: Store, tmp_path: Path, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, paths, place = make(tmp_path)
    left = call
    real = {name: getattr(Path, name) for name in ("replace", "chmod", "mkdir", "unlink")}

    def dying(name: str) -> Any:
        def step(self: Path, *arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:  # and stays dead: no clean-up happens either
                raise Killed
            return real[name](self, *arguments, **named)

        return step

    for name in real:
        monkeypatch.setattr(Path, name, dying(name))
    with pytest.raises(Killed):
        store.keep(record, paths)
    monkeypatch.undo()
    found = back(store, tmp_path, place)
    assert found in (None, CONTENT)
    assert [line for line in store.verify() if "temporary" not in line] == []
    store.keep(record, paths)
    assert back(store, tmp_path, place) == CONTENT
    for path in kept_files(store):
        age(path, 2 * upkeep.ABANDONED_S)
    store.prune(10**9)
    assert store.verify() == []
    assert len(kept_files(store)) == 3


WRITER = """
import os, sys
from pathlib import Path
from tests.unit.provenance.finished_jobs import CONTENT, FINGERPRINT, make, targets
from lemmata.provenance.store import Store
folder, limit = Path(sys.argv[1]), int(sys.argv[2]) or None
store = Store(folder / "store", limit)
mine = folder / str(os.getpid())
for turn in range(12):
    record, paths, place = make(mine)
    store.keep(record, paths)
    other = make(mine, {"results/own": os.urandom(2000)}, os.urandom(32).hex())
    store.keep(*other[:2])
    where = targets(mine)
    (mine / "back").mkdir(exist_ok=True)
    if store.restore(FINGERPRINT, place, where) is not None:
        assert {name: path.read_bytes() for name, path in where.items()} == CONTENT
        print("restored")
"""


@pytest.mark.parametrize("limit", [0, 30_000])
def test_many_writers_at_once(tmp_path: Path, project: Path, limit: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(limit)]
    writers = [
        subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], said
    restored = sum(out.count(b"restored") for out, _ in said)
    store = Store(tmp_path / "store", limit or None)
    problems = store.verify()
    if limit:
        # A race between writer and pruner may cost an entry its object: a miss, never wrong bytes.
        assert [line for line in problems if "damaged" in line] == []
        assert restored >= 18
    else:
        assert problems == []
        assert restored == 36
        assert len(list(store.entries())) == 37


def test_full_disk_costs_a_line_not_the_job(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record, paths, place = make(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "lemmata"):
        patch.setattr(shutil, "copyfile", full)
        patch.setattr(disk, "_reflink", lambda *_: False)
        store.keep(record, paths)
        assert "outputs not kept" in caplog.text
        assert kept_files(store) == []
    store.keep(record, paths)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "lemmata"):
        patch.setattr(shutil, "copyfile", full)
        patch.setattr(disk, "_reflink", lambda *_: False)
        assert back(store, tmp_path, place) is None
        assert "nothing restored" in caplog.text
    assert back(store, tmp_path, place) == CONTENT  # what is whole is not thrown away for it


def test_stop_during_a_restore_leaves_no_target(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, paths, place = make(tmp_path)
    store.keep(record, paths)
    (tmp_path / "back").mkdir()
    chmods = iter([None])

    def stop(self: Path, mode: int) -> None:
        if next(chmods, 0) == 0:
            raise SystemExit(143)

    monkeypatch.setattr(Path, "chmod", stop)
    with pytest.raises(SystemExit):
        store.restore(FINGERPRINT, place, targets(tmp_path))
    assert list((tmp_path / "back").iterdir()) == []
