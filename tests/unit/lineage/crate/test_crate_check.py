"""An intact crate is unpacked whole; links, lies and what is no crate are refused."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from lemmata.errors import LemmataError
from lemmata.lineage.crate.check import check_crate
from lemmata.lineage.crate.package import unpacked
from tests.smalltree import FIGURE
from tests.unit.lineage.crate.crates import escape, files_of, flipped, pack


def test_repacked_crate_is_intact(crate: Path, tmp_path: Path) -> None:
    assert check_crate(pack(files_of(crate), tmp_path / "again.zip")) == []


def test_flipped_byte_of_the_zip_itself_is_caught(crate: Path, tmp_path: Path) -> None:
    content = crate.read_bytes()
    with zipfile.ZipFile(crate) as archive:
        start = archive.getinfo(f"{FIGURE}.png").header_offset
    path = tmp_path / "flipped.zip"
    path.write_bytes(flipped(content, start + 30 + len(f"{FIGURE}.png") + 100))
    assert any(f"{FIGURE}.png: is damaged" in problem for problem in check_crate(path))


def test_link_is_refused(crate: Path, tmp_path: Path) -> None:
    path = pack(files_of(crate), tmp_path / "link.zip")
    member = zipfile.ZipInfo("results/tiny/link.txt")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, "/etc/passwd")
    assert any("link.txt: is a link" in problem for problem in check_crate(path))


def test_link_in_a_folder_is_refused(crate: Path, tmp_path: Path) -> None:
    with unpacked(crate) as folder:
        (folder / "LICENSE").unlink()
        (folder / "LICENSE").symlink_to("/etc/passwd")
        assert any("LICENSE: is a link" in problem for problem in check_crate(folder))


def test_name_twice_is_refused(crate: Path, tmp_path: Path) -> None:
    path = pack(files_of(crate), tmp_path / "twice.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("README.md", "other")
    assert any("README.md: is in the package 2 times" in problem for problem in check_crate(path))


def test_member_that_lies_about_its_size_is_cut_off(crate: Path, tmp_path: Path) -> None:
    files = files_of(crate)
    true_size = len(files["README.md"])
    files["README.md"] = bytes(10**7)
    path = pack(files, tmp_path / "bomb.zip")
    content = bytearray(path.read_bytes())
    for mark, name_at, size_at in ((b"PK\1\2", 46, 24), (b"PK\3\4", 30, 22)):
        place = content.index(b"README.md", content.index(mark)) - name_at
        while content[place : place + 4] != mark:
            place = content.index(b"README.md", place + name_at + 1) - name_at
        content[place + size_at : place + size_at + 4] = struct.pack("<I", true_size)
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("README.md").file_size == true_size  # the lie is told
    assert any("README.md: is damaged" in problem for problem in check_crate(path))


def test_nothing_is_unpacked_from_a_dangerous_crate(crate: Path, tmp_path: Path) -> None:
    files = files_of(crate)
    escape(files)
    path = pack(files, tmp_path / "in.zip")
    with pytest.raises(LemmataError, match="would be written outside"), unpacked(path):
        pytest.fail("was unpacked")
    assert [p.name for p in tmp_path.iterdir()] == ["in.zip"]


def test_unpacked_is_the_tree_and_goes_away(crate: Path) -> None:
    with unpacked(crate) as folder:
        held = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        assert held == set(files_of(crate))
    assert not folder.exists()


def test_what_is_no_crate_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    assert "is no zip file" in check_crate(tmp_path / "x.zip")[0]
    with pytest.raises(LemmataError, match="no such file"):
        check_crate(tmp_path / "none.zip")
