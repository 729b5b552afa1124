"""A crate is the same for the same tree, and what it refuses to hold."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from lemmata.errors import LemmataError
from lemmata.lineage.crate import write as writing
from lemmata.lineage.crate.check import check_crate
from lemmata.lineage.crate.write import write_crate
from lemmata.provenance.digest import sha256_file
from tests import smalltree
from tests.smalltree import CLAIM, FIGURE, RESULTS
from tests.unit.lineage.crate.crates import action_of, entities, identify, ids, write

pytestmark = pytest.mark.usefixtures("someone")


def test_same_tree_gives_same_bytes(tree: Path, tmp_path: Path) -> None:
    first = write(tree, tmp_path / "1.zip")
    for path in tree.rglob("*"):
        path.touch()
    moved = tree.rename(tmp_path / "elsewhere")
    assert write(moved, tmp_path / "2.zip").read_bytes() == first.read_bytes()
    (moved / "README.md").write_text("# Other\n")
    assert write(moved, tmp_path / "3.zip").read_bytes() != first.read_bytes()


def test_folder_holds_the_same(tree: Path, tmp_path: Path) -> None:
    folder = write(tree, tmp_path / "crate")
    with zipfile.ZipFile(write(tree, tmp_path / "crate.zip")) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    there = {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
    assert there == held
    assert check_crate(folder) == []
    with pytest.raises(LemmataError, match="is there already"):
        write(tree, folder)


def test_raw_file_without_free_licence_is_named_only(tmp_path: Path) -> None:
    file = "compas-scores-two-years.csv"
    tree = smalltree.build(tmp_path / "tree", "compas", file)
    path = f"resources/compas/{file}"
    crate = write(tree, tmp_path / "crate.zip")
    said = entities(crate)
    assert path not in said
    outside = said[f"https://example.org/{file}#{path}"]
    assert outside["name"] == path
    assert outside["license"] == "none stated"
    assert outside["sha256"] == sha256_file(tree / path)
    assert outside["@id"] in ids(action_of(said, f"{RESULTS}/study/study.prov.json")["object"])
    assert check_crate(crate) == []
    whole = write(tree, tmp_path / "all.zip", raw="all")
    assert path in entities(whole)
    assert check_crate(whole) == []


def test_nobody_is_invented(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identify(monkeypatch, {})
    crate = write(tree, tmp_path / "crate.zip")
    said = entities(crate)
    assert "author" not in said["./"]
    assert not [e for e in said.values() if "agent" in e or e["@type"] == "Person"]
    assert check_crate(crate) == []


def test_password_in_the_repository_address_stays_home(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identify(monkeypatch, {"remote.origin.url": "https://me:secret@example.org/x.git"})
    crate = write(tree, tmp_path / "crate.zip")
    assert entities(crate)["Snakefile"]["url"] == "https://example.org/x.git"
    assert b"secret" not in zipfile.ZipFile(crate).read("ro-crate-metadata.json")
    assert check_crate(crate) == []


def spoil_output(tree: Path) -> None:
    (tree / CLAIM).write_text("{}")


def spoil_record(tree: Path) -> None:
    path = tree / f"{FIGURE}.prov.json"
    path.write_text(path.read_text().replace('"dpi": 100', '"dpi": 101'))


def lose_raw(tree: Path) -> None:
    (tree / "resources/wine/wine_data.csv").unlink()


def edit_code(tree: Path) -> None:
    (tree / "src/lemmata/curve.py").write_text("def curve(x):\n    return x\n")


def lose_licence(tree: Path) -> None:
    (tree / "LICENSE").unlink()


def lose_results(tree: Path) -> None:
    for path in (tree / RESULTS).rglob("*.prov.json"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (spoil_output, "paper.curve.json: changed"),
        (spoil_record, "curve.prov.json: record was changed"),
        (lose_raw, "wine_data.csv: missing"),
        (edit_code, "src/lemmata/curve.py: is not the code that"),
        (lose_licence, "LICENSE: missing"),
        (lose_results, "holds no finished job"),
    ],
)
def test_unsound_tree_is_refused(tree: Path, tmp_path: Path, spoil: Any, named: str) -> None:
    spoil(tree)
    with pytest.raises(LemmataError, match=named):
        write(tree, tmp_path / "crate.zip")
    assert not list(tmp_path.glob("*crate*"))


def test_comment_in_the_code_is_no_other_code(tree: Path, tmp_path: Path) -> None:
    path = tree / "src/lemmata/curve.py"
    path.write_text("# Said anew.\n" + path.read_text())
    assert check_crate(write(tree, tmp_path / "crate.zip")) == []


def test_only_the_results_of_a_scale_are_taken(tree: Path, tmp_path: Path) -> None:
    for wrong in (tree / "results", tree / "results" / "none", tree / "workflow"):
        with pytest.raises(LemmataError, match=r"must be a folder results/<scale>"):
            write_crate(wrong, tmp_path / "crate.zip", tree)


def test_failure_leaves_the_old_crate_and_nothing_else(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    old = write(tree, out / "crate.zip").read_bytes()
    monkeypatch.setattr(writing, "_chunks", lambda _: iter([b"other bytes"]))
    with pytest.raises(LemmataError, match="changed while the crate was written"):
        write(tree, out / "crate.zip")
    with pytest.raises(LemmataError, match="changed while the crate was written"):
        write(tree, out / "folder")
    assert [path.name for path in out.iterdir()] == ["crate.zip"]
    assert (out / "crate.zip").read_bytes() == old


def test_pickle_is_refused(tree: Path, tmp_path: Path) -> None:
    (tree / "config/model.pkl").write_bytes(b"")
    with pytest.raises(LemmataError, match=r"config/model\.pkl: looks like a pickle"):
        write(tree, tmp_path / "crate.zip")
