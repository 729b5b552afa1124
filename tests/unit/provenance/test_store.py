"""The store gives back the very bytes that it was given, or nothing."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lemmata.errors import LemmataError
from lemmata.provenance import disk, upkeep
from lemmata.provenance.digest import sha256_file, sha256_json
from lemmata.provenance.record import read_record, write_record
from lemmata.provenance.store import Store, place_of

FINGERPRINT = "f" * 64
CONTENT = {"results/a.bin": b"first" * 100, "results/b.bin": b"second" * 50}


def make(
    folder: Path, content: dict[str, bytes] = CONTENT, fingerprint: str = FINGERPRINT
) -> tuple[dict[str, Any], dict[str, Path], str]:
    """A finished job below `folder`: its record, its files and its place."""
    paths = {}
    outputs = []
    for name, value in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)
        paths[name] = path
        outputs.append(
            {"path": name, "bytes": len(value), "sha256": sha256_file(path), "fingerprint": None}
        )
    inputs = [{"path": "results/in.bin", "bytes": 0, "sha256": "0" * 64, "fingerprint": None}]
    target = folder / "results" / "job.prov.json"
    body = {"fingerprint": fingerprint, "rule": "r", "wall_s": 1.5, "name": "ä"}
    write_record(target, {**body, "inputs": inputs, "outputs": outputs})
    return read_record(target), paths, place_of(content, ["results/in.bin"])


def targets(folder: Path, content: dict[str, bytes] = CONTENT) -> dict[str, Path]:
    return {name: folder / "back" / f".tmp-{Path(name).name}" for name in content}


def back(store: Store, folder: Path, place: str) -> dict[str, bytes] | None:
    """What the store gives back; None for a miss, which must leave no file."""
    where = targets(folder)
    (folder / "back").mkdir(exist_ok=True)
    if store.restore(FINGERPRINT, place, where) is None:
        assert list((folder / "back").iterdir()) == []
        return None
    found = {name: path.read_bytes() for name, path in where.items()}
    shutil.rmtree(folder / "back")
    return found


def kept_files(store: Store) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.is_file())


def age(path: Path, seconds: float) -> None:
    before = path.stat().st_mtime - seconds
    os.utime(path, (before, before))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", None)


def test_restored_files_record_and_modes_are_those_that_were_kept(
    store: Store, tmp_path: Path
) -> None:
    record, paths, place = make(tmp_path)
    paths["results/a.bin"].chmod(0o444)
    paths["results/b.bin"].chmod(0o640)
    store.keep(record, paths)
    where = targets(tmp_path)
    (tmp_path / "back").mkdir()
    restored = store.restore(FINGERPRINT, place, where)
    assert restored == record
    assert restored["digest"] == sha256_json({k: v for k, v in restored.items() if k != "digest"})
    assert {name: path.read_bytes() for name, path in where.items()} == CONTENT
    modes = [path.stat().st_mode & 0o777 for path in where.values()]
    assert modes == [0o444, 0o640]
    objects = [path for path in kept_files(store) if path.suffix != ".json"]
    assert [path.stat().st_mode & 0o777 for path in objects] == [0o444, 0o444]
    assert store.verify() == []


def test_another_fingerprint_or_another_place_is_a_miss(store: Store, tmp_path: Path) -> None:
    record, paths, place = make(tmp_path)
    store.keep(record, paths)
    (tmp_path / "back").mkdir()
    for fingerprint, where in (("e" * 64, place), (FINGERPRINT, "00000000")):
        assert store.restore(fingerprint, where, targets(tmp_path)) is None
    assert back(store, tmp_path, place) == CONTENT  # neither miss removed anything


def test_place_is_that_of_the_paths_in_their_order() -> None:
    assert place_of(["a", "b"], ["c"]) == sha256_json([["a", "b"], ["c"]])[:8]
    others = [place_of(*paths) for paths in ((["b", "a"], ["c"]), (["a"], ["b", "c"]))]
    assert place_of(["a", "b"], ["c"]) not in others


def test_equal_files_of_two_jobs_are_kept_once(store: Store, tmp_path: Path) -> None:
    for number, fingerprint in enumerate(("a" * 64, "b" * 64)):
        content = {"results/x": b"same", f"results/{number}": str(number).encode()}
        record, paths, _ = make(tmp_path / str(number), content, fingerprint)
        store.keep(record, paths)
    assert len(kept_files(store)) == 2 + 3
    found = {entry.fingerprint: entry for entry in store.entries()}
    assert sorted(found) == ["a" * 64, "b" * 64]
    assert found["a" * 64].paths == ("results/x", "results/0")
    assert found["a" * 64].sha256[0] == found["b" * 64].sha256[0]
    assert found["a" * 64].bytes == len(b"same0")
    assert found["a" * 64].rule == "r"


def test_file_that_differs_from_its_record_is_refused(store: Store, tmp_path: Path) -> None:
    record, paths, place = make(tmp_path)
    paths["results/b.bin"].write_bytes(b"other")
    with pytest.raises(LemmataError, match=r"b\.bin: sha256 .* but the record says"):
        store.keep(record, paths)
    assert back(store, tmp_path, place) is None
    # Also where the store already holds what the record names.
    store.keep(*make(tmp_path)[:2])
    paths["results/b.bin"].write_bytes(b"other")
    with pytest.raises(LemmataError, match=r"b\.bin"):
        store.keep(record, paths)


def test_store_that_is_off_keeps_and_finds_nothing(tmp_path: Path) -> None:
    record, paths, place = make(tmp_path)
    off = Store(tmp_path / "store", 0)
    off.keep(record, paths)
    assert not off.kept
    assert not off.root.exists()
    Store(tmp_path / "store", None).keep(record, paths)
    assert back(off, tmp_path, place) is None


def test_configuration_says_where_and_how_much() -> None:
    assert Store.of({"path": "there", "max_gib": 0.5}) == Store(Path("there"), 2**29)
    assert not Store.of({"path": "there", "max_gib": 0}).kept
    assert Store.of({}) == Store(Path(".lemmata/store"), None)


@pytest.mark.parametrize("kind", ["objects", "entries"])
def test_missing_file_is_a_miss_that_is_named(
    store: Store, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    record, paths, place = make(tmp_path)
    store.keep(record, paths)
    gone = next((store.root / kind).glob("??/*"))
    gone.unlink()
    with caplog.at_level(logging.WARNING, "lemmata"):
        assert back(store, tmp_path, place) is None
    assert (gone.name in caplog.text) == (kind == "objects")  # no entry is a plain miss
    store.keep(record, paths)
    assert back(store, tmp_path, place) == CONTENT


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.integers(0, 2), where=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.booleans()
)
def test_damage_is_never_given_back_and_heals(
    tmp_path_factory: pytest.TempPathFactory, which: int, where: int, bit: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    store = Store(folder / "store", None)
    record, paths, place = make(folder)
    store.keep(record, paths)
    damaged = kept_files(store)[which]
    content = bytearray(damaged.read_bytes())
    position = where % len(content)
    if cut:
        del content[position:]
    else:
        content[position] ^= 1 << bit
    damaged.chmod(0o644)
    damaged.write_bytes(content)
    assert [damaged.name in line for line in store.verify()] == [True]
    assert back(store, folder, place) is None
    assert not damaged.exists()
    store.keep(record, paths)
    assert back(store, folder, place) == CONTENT
    assert store.verify() == []


def test_entries_under_each_others_names_are_damaged(store: Store, tmp_path: Path) -> None:
    for name in "ab":
        record, paths, _ = make(tmp_path / name, {"results/x": name.encode()}, name * 64)
        store.keep(record, paths)
    one, two = (next((store.root / "entries" / (2 * name)).iterdir()) for name in "ab")
    text = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(text)
    damaged = [line for line in store.verify() if "entry is damaged" in line]
    assert [str(path) in line for path, line in zip((one, two), damaged, strict=True)] == [True] * 2
    assert list(store.entries()) == []
    assert store.restore("a" * 64, place_of(["results/x"], ["results/in.bin"]), {}) is None


def test_entry_that_names_another_object_consistently_but_not_in_its_record_is_damaged(
    store: Store, tmp_path: Path
) -> None:
    record, paths, place = make(tmp_path)
    store.keep(record, paths)
    entry = next((store.root / "entries").glob("??/*"))
    content = json.loads(entry.read_bytes())
    outputs = content["record"]["outputs"]
    outputs[0]["sha256"] = outputs[1]["sha256"]
    content["digest"] = sha256_json({k: v for k, v in content.items() if k != "digest"})
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    entry.write_text(text)
    assert back(store, tmp_path, place) is None  # the record's own digest is wrong


def test_damaged_object_is_replaced_when_it_is_kept_again(store: Store, tmp_path: Path) -> None:
    record, paths, place = make(tmp_path)
    store.keep(record, paths)
    damaged = next((store.root / "objects").glob("??/*"))
    damaged.chmod(0o644)
    damaged.write_bytes(b"rotten")
    store.keep(record, paths)
    assert store.verify() == []
    assert back(store, tmp_path, place) == CONTENT


def test_entry_with_as_much_as_a_blank_more_is_damaged(store: Store, tmp_path: Path) -> None:
    record, paths, place = make(tmp_path)
    store.keep(record, paths)
    entry = next((store.root / "entries").glob("??/*"))
    entry.write_bytes(entry.read_bytes() + b"\n")
    assert store.verify() == [f"{entry}: entry is damaged"]
    assert back(store, tmp_path, place) is None


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
from tests.unit.provenance.test_store import CONTENT, FINGERPRINT, make, targets
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


def filled(tmp_path: Path) -> Store:
    """Three entries of 1000 bytes each and one byte shared by all; `b` was used last."""
    store = Store(tmp_path / "store", None)
    for number, name in enumerate("abc"):
        content = {"results/own": name.encode() * 1000, "results/shared": b"s"}
        record, paths, _ = make(tmp_path / name, content, name * 64)
        store.keep(record, paths)
        age(next((store.root / "entries" / (2 * name)).iterdir()), 1000 - number)
    where = {name: tmp_path / Path(name).name for name in ("results/own", "results/shared")}
    place = place_of(where, ["results/in.bin"])
    assert store.restore("b" * 64, place, where) is not None
    return store


def left(store: Store) -> str:
    return "".join(entry.fingerprint[0] for entry in store.entries())


def test_prune_removes_the_least_recently_used_down_to_the_limit(tmp_path: Path) -> None:
    store = filled(tmp_path)
    whole = upkeep.total_bytes(store.root)
    assert store.prune(whole) == upkeep.Pruned(0, 0)
    planned = store.prune(whole - 1, dry_run=True)
    assert left(store) == "abc"
    done = store.prune(whole - 1)
    assert done == planned
    assert done.entries == 1
    assert done.bytes == whole - upkeep.total_bytes(store.root) > 1000
    assert left(store) == "bc"
    assert store.verify() == []  # the shared object is still needed
    store.prune(2500)
    assert left(store) == "b"
    store.prune(0)
    assert left(store) == ""
    assert kept_files(store) == []


def test_keeping_prunes_to_the_limit_but_never_the_new_entry(tmp_path: Path) -> None:
    store = filled(tmp_path)
    small = Store(store.root, 2500)
    record, paths, _ = make(tmp_path / "d", {"results/own": b"d" * 5000}, "d" * 64)
    # It counts as new whatever its clock says: here it looks older than all others.
    small.keep(record, paths)
    assert left(small) == "d"
    assert small.verify() == []
    record, paths, _ = make(tmp_path / "e", {"results/own": b"e" * 100}, "e" * 64)
    small.keep(record, paths)
    assert left(small) == "e"


def test_orphans_and_temporaries_go_when_old_by_the_file_systems_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path)
    orphan = store.root / "objects" / "00" / ("00" + "1" * 62)
    orphan.parent.mkdir()
    orphan.write_bytes(b"x")
    orphan.rename(orphan := orphan.with_name(sha256_file(orphan)))
    crash = disk.unique_beside(orphan)
    crash.write_bytes(b"half")
    monkeypatch.setattr("time.time", lambda: 10.0**10)  # our own clock is far off
    assert store.verify() == []
    store.prune(10**9)
    assert orphan.exists()
    assert crash.exists()
    age(orphan, upkeep.YOUNG_S + 60)
    age(crash, upkeep.ABANDONED_S + 60)
    said = store.verify()
    assert [str(orphan) in said[0], "no entry needs" in said[0]] == [True, True]
    assert [str(crash) in said[1], "left by a crash" in said[1]] == [True, True]
    assert store.prune(10**9) == upkeep.Pruned(0, 5)
    assert not orphan.exists()
    assert not crash.exists()
    assert left(store) == "abc"


def test_reused_object_is_young_again(store: Store, tmp_path: Path) -> None:
    record, paths, _ = make(tmp_path)
    store.keep(record, paths)
    for path in kept_files(store):
        age(path, 2 * upkeep.YOUNG_S)
    store.keep(record, paths)
    next((store.root / "entries").glob("??/*")).unlink()  # as between objects and entry
    store.prune(10**9)
    assert len(kept_files(store)) == 2


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


def test_reflink_is_tried_and_a_plain_copy_does_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(10_000))
    tried = []
    real = disk._reflink
    monkeypatch.setattr(disk, "_reflink", lambda *a: tried.append(1) or real(*a))
    assert disk.copy(source, tmp_path / "copy") == sha256_file(source)
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert tried == [1]
