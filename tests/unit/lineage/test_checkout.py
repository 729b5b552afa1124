"""Old code laid out again: from the commit, and from the store where the tree was dirty."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lemmata.errors import LemmataError
from lemmata.lineage.checkout import check_digest, check_out
from lemmata.lineage.texts import Texts, places, text_digest
from lemmata.provenance.code import code_of, module_path
from lemmata.provenance.sources import keep, keep_sources

SCRIPT = "workflow/scripts/study/draw.py"
TEXT = "from lemmata.provenance.code import code_of\n\nprint(code_of)\n"


def git(folder: Path, *arguments: str) -> str:
    name = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    done = subprocess.run(
        ["git", "-C", str(folder), *name, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A committed project: one script, and those modules of ours that it runs."""
    folder = tmp_path / "project"
    (folder / SCRIPT).parent.mkdir(parents=True)
    (folder / SCRIPT).write_text(TEXT)
    code = code_of(folder / SCRIPT)
    for name in [*code.modules, *code.bystanders]:
        source = module_path(name)
        target = folder / places(name)[source.name == "__init__.py"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def record(root: Path, commit: str | None) -> dict[str, Any]:
    code = code_of(root / SCRIPT)
    return {
        "git": None if commit is None else {"commit": commit, "dirty": False},
        "code": {
            "script": SCRIPT,
            "digest": code.digest,
            "script_digest": code.script,
            "modules": code.modules,
            "bystanders": code.bystanders,
        },
    }


def test_the_recorded_commit_is_laid_out(root: Path, tmp_path: Path) -> None:
    then = record(root, git(root, "rev-parse", "HEAD"))
    (root / SCRIPT).write_text("print('moved on')\n")
    git(root, "commit", "-qam", "second")
    project, where = check_out(then, Texts(root), tmp_path / "code")
    assert (project / SCRIPT).read_text() == TEXT
    assert where == f"commit {then['git']['commit'][:10]}"


def test_a_dirty_tree_comes_from_the_store(root: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    dirty = TEXT + "print('dirty')\n"
    (root / SCRIPT).write_text(dirty)
    then = record(root, git(root, "rev-parse", "HEAD"))
    keep_sources(store, root / SCRIPT, code_of(root / SCRIPT))
    git(root, "checkout", "-q", ".")
    project, where = check_out(then, Texts(root, store), tmp_path / "code")
    assert (project / SCRIPT).read_text() == dirty
    assert where.endswith("1 files from the store")
    check_digest(project, then)
    with pytest.raises(LemmataError, match=f"{SCRIPT}: its code .* is in no commit"):
        check_out(then, Texts(root), tmp_path / "elsewhere")


def test_without_git_the_store_or_the_present_tree_must_do(root: Path, tmp_path: Path) -> None:
    then = record(root, None)
    project, where = check_out(then, Texts(root), tmp_path / "code")
    assert (project / SCRIPT).read_text() == TEXT
    assert "present tree" in where
    check_digest(project, then)


def test_code_that_is_not_the_recorded_one_is_refused(root: Path, tmp_path: Path) -> None:
    then = record(root, git(root, "rev-parse", "HEAD"))
    project, _ = check_out(then, Texts(root), tmp_path / "code")
    check_digest(project, then)
    (project / SCRIPT).write_text("print('other')\n")
    with pytest.raises(LemmataError, match="is not the recorded one"):
        check_digest(project, then)


def test_a_text_in_the_archive_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    digest = text_digest("x = 1\n")
    assert digest is not None
    keep(tmp_path, digest, path)
    texts = Texts(tmp_path / "nowhere", tmp_path)
    assert texts.text("a/b.py", digest) == "x = 1\n"
    (kept,) = (tmp_path / "sources").rglob("*.py")
    kept.write_text("x = 2\n")
    assert texts.text("a/b.py", digest) is None
