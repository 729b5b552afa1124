"""The cache of hashes spares reading, and never tells of bytes that are no longer there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lemmata.lineage import hashes
from lemmata.lineage.hashes import CACHE, Hashes
from lemmata.provenance.digest import sha256_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.txt"
    file.write_text("one")
    return file


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    read: list[Path] = []
    true = hashes.measure

    def measure(file: Path) -> hashes.Facts:
        read.append(file)
        return true(file)

    monkeypatch.setattr(hashes, "measure", measure)
    return read


def test_a_file_is_read_once_also_by_a_later_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = count_reads(monkeypatch)
    for _ in range(3):
        known = Hashes(tmp_path)
        facts = known.facts(path)
        assert facts is not None
        assert facts.sha256 == sha256_file(path)
        known.save()
    assert len(read) == 1
    full = Hashes(tmp_path, full=True)
    full.facts(path)
    assert len(read) == 2


def test_same_size_and_time_but_other_bytes(path: Path, tmp_path: Path) -> None:
    known = Hashes(tmp_path)
    before = known.facts(path)
    known.save()
    times = path.stat()
    path.write_text("two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = Hashes(tmp_path).facts(path)
    assert before is not None
    assert after is not None
    assert after.sha256 == sha256_file(path) != before.sha256


def test_a_file_put_in_the_place_of_another(path: Path, tmp_path: Path) -> None:
    known = Hashes(tmp_path)
    known.facts(path)
    known.save()
    other = tmp_path / "b.txt"
    other.write_text("two")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    facts = Hashes(tmp_path).facts(path)
    assert facts is not None
    assert facts.sha256 == sha256_file(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 0, "files": {}}', '{"version": 1}'])
def test_a_damaged_cache_is_begun_anew(path: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / CACHE).parent.mkdir()
    (tmp_path / CACHE).write_text(text)
    facts = Hashes(tmp_path).facts(path)
    assert facts is not None
    assert facts.sha256 == sha256_file(path)


def test_a_missing_file_has_no_facts(tmp_path: Path) -> None:
    assert Hashes(tmp_path).facts(tmp_path / "none") is None


def test_a_damaged_figure_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    facts = Hashes(tmp_path).facts(path)
    assert facts is not None
    assert facts.problem.startswith("cannot be read as png")
