"""What was found in source files before is used where it holds, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lemmata.errors import LemmataError
from lemmata.provenance import known_code, syntax
from lemmata.provenance.known_code import KNOWN, facts, keep, look_up

TEXT = '"""A module."""\nimport os\nfrom lemmata import errors\nvalue = os.sep\n'


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(known_code, "_known", known_code._Known())
    known_code._reader.cache_clear()
    Path("module.py").write_text(TEXT)
    yield
    known_code._reader.cache_clear()


def another_process(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Forget all but the file; returns the list of what is parsed from now on."""
    monkeypatch.setattr(known_code, "_known", known_code._Known())
    parsed: list[Path] = []

    def parse(path: Path, content: bytes, package: str = "") -> syntax.Facts:
        parsed.append(path)
        return syntax.facts_of(path, content, package)

    monkeypatch.setattr(known_code, "facts_of", parse)
    look_up()
    return parsed


def test_a_file_is_parsed_once_and_found_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up()
    fresh = facts(Path("module.py"))
    keep()
    parsed = another_process(monkeypatch)
    assert facts(Path("module.py")) == fresh
    assert fresh == syntax.facts_of(Path("module.py"), TEXT.encode())
    assert parsed == []


def test_an_edit_is_seen_and_going_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up()
    first = facts(Path("module.py"))
    keep()
    parsed = another_process(monkeypatch)
    Path("module.py").write_text(TEXT + "value = 2\n")
    assert facts(Path("module.py")).digest != first.digest
    assert parsed == [Path("module.py")]
    Path("module.py").write_text(TEXT)
    assert facts(Path("module.py")) == first
    assert len(parsed) == 1


def test_relative_imports_are_known_by_where_they_begin() -> None:
    look_up()
    Path("module.py").write_text("from . import other\n")
    assert "a.other" in facts(Path("module.py"), "a").imports
    assert "b.other" in facts(Path("module.py"), "b").imports


def test_other_code_that_reads_trees_knows_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    look_up()
    facts(Path("module.py"))
    keep()
    parsed = another_process(monkeypatch)
    other = tmp_path / "syntax.py"
    other.write_text("edited")
    monkeypatch.setattr(syntax, "__file__", str(other))
    known_code._reader.cache_clear()
    facts(Path("module.py"))
    assert parsed == [Path("module.py")]


@pytest.mark.parametrize("place", range(0, 300, 17))
def test_a_flipped_bit_is_no_knowledge(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    look_up()
    fresh = facts(Path("module.py"))
    keep()
    content = bytearray(KNOWN.read_bytes())
    content[place % len(content)] ^= 1
    KNOWN.write_bytes(content)
    another_process(monkeypatch)
    assert facts(Path("module.py")) == fresh


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"digest": "", "files": {}}', "null"])
def test_a_broken_file_is_replaced(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    KNOWN.parent.mkdir()
    KNOWN.write_text(content)
    look_up()
    facts(Path("module.py"))
    keep()
    assert another_process(monkeypatch) == []
    assert len(json.loads(KNOWN.read_text())["files"]) == 1


def test_nothing_is_used_or_kept_unless_asked_for() -> None:
    facts(Path("module.py"))
    keep()
    assert not KNOWN.exists()


def test_nothing_is_written_where_all_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up()
    facts(Path("module.py"))
    keep()
    another_process(monkeypatch)
    KNOWN.unlink()
    facts(Path("module.py"))
    keep()
    assert not KNOWN.exists()


def test_what_edits_left_behind_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_code, "MOST", 3)
    look_up()
    for value in range(3):
        Path("module.py").write_text(f"value = {value}\n")
        facts(Path("module.py"))
    keep()
    another_process(monkeypatch)
    Path("module.py").write_text("value = 3\n")
    facts(Path("module.py"))
    keep()
    assert len(json.loads(KNOWN.read_text())["files"]) == 1


def test_bad_files_are_told_in_one_line() -> None:
    look_up()
    with pytest.raises(LemmataError, match=r"absent\.py: cannot be read"):
        facts(Path("absent.py"))
    Path("module.py").write_text("def (\n")
    with pytest.raises(LemmataError, match=r"module\.py: line 1: not valid Python"):
        facts(Path("module.py"))
