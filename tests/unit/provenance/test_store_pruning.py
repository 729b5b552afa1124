"""Pruning removes what was used least recently and what no entry needs, and nothing young."""

from __future__ import annotations

from pathlib import Path

import pytest

from lemmata.provenance import disk, upkeep
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.store import Store, place_of
from tests.unit.provenance.finished_jobs import age, kept_files, make


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


def test_a_job_seldom_looks_at_all_files_and_the_limit_holds_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    whole = upkeep.total_bytes

    def counted(root: Path) -> int:
        looks.append(whole(root))
        return looks[-1]

    monkeypatch.setattr(upkeep, "total_bytes", counted)
    limit = 400_000
    store = Store(tmp_path / "store", limit)
    for number in range(250):
        content = {"results/own": number.to_bytes(2, "big") * 500}
        record, paths, _ = make(tmp_path / "job", content, f"{number:064x}")
        store.keep(record, paths)
        assert whole(store.root) <= limit
    entries = len(list(store.entries()))
    assert 0.85 * limit < whole(store.root)
    assert entries < 250  # it was full
    assert len(looks) < 20


def test_what_is_noted_of_the_size_is_no_more_than_a_hint(tmp_path: Path) -> None:
    root = filled(tmp_path).root
    size, note = upkeep.total_bytes(root), root / upkeep.NOTE
    for damaged in ("", "many", "1", "1 2 3"):
        note.write_text(damaged)
        assert upkeep.may_exceed(root, size - 1, 0)
        assert note.read_text() == f"{size} 0\n"
    assert not upkeep.may_exceed(root, size, 0)
    assert note.read_text() == f"{size} 1\n"
    note.write_text(f"{10 * size} 1\n")  # as after a pruning by hand
    assert not upkeep.may_exceed(root, size, 0)
    assert note.read_text() == f"{size} 0\n"
    note.write_text(f"0 {upkeep.LOOK_AFTER}\n")  # as after notes that were lost
    assert upkeep.may_exceed(root, size - 1, 0)


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
