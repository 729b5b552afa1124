"""The store gives back the very bytes that it was given, or nothing."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lemmata.errors import LemmataError
from lemmata.provenance import disk
from lemmata.provenance.digest import sha256_file, sha256_json
from lemmata.provenance.store import Store, place_of
from tests.unit.provenance.finished_jobs import (
    CONTENT,
    FINGERPRINT,
    back,
    kept_files,
    make,
    targets,
)


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
