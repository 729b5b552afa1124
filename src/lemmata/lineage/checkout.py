"""The code that a record names, laid out in a scratch folder: script, modules, nothing else.

Taken file by file from the store's source archive, the git history or the present tree, whichever
has the text with the recorded digest, so that a job of a dirty tree can be run again too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.texts import Texts, places, text_digest
from lemmata.provenance.digest import sha256_json


def check_out(record: Mapping[str, Any], texts: Texts, folder: Path) -> tuple[Path, str]:
    """The recorded code below `folder`, in a folder of its own; and in words where it came from.

    The recorded commit is laid out whole where it is there; then each module whose text has another
    digest than the record's is replaced by the text that has it. Raises LemmataError naming a
    module of which no text is left.
    """
    git, code = record["git"], record["code"]
    commit = None if git is None else git["commit"]
    project = folder / sha256_json([commit, code["digest"]])[:16]
    there = project.is_dir()
    committed = there or (commit is not None and _lay_out(texts.root, commit, project))
    replaced = []
    digests = {
        code["script"]: code["script_digest"],
        **code["modules"],
        **code["bystanders"],
    }
    for name, digest in digests.items():
        target = _existing(project, name)
        if target is not None and _digest(target) == digest:
            continue
        text = texts.text(name, digest, git)
        if text is None:
            raise LemmataError(
                f"{name}: its code {digest[:12]} is in no commit, nor in the store, nor here"
            )
        target = target or _place(project, name, digests)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", errors="surrogateescape")
        replaced.append(name)
    if not committed or commit is None:
        return project, "code from the store and the present tree"
    where = f"commit {commit[:10]}" if commit else "no commit"
    return project, f"{where}, {len(replaced)} files from the store" if replaced else where


def _lay_out(root: Path, commit: str, project: Path) -> bool:
    """`git archive` of a commit into `project`; False where the history does not have it."""
    git = shutil.which("git")
    if git is None:
        return False
    with tempfile.TemporaryFile() as archive:
        command = [git, "-C", str(root), "archive", "--format=tar", commit, "src", "workflow"]
        done = subprocess.run(command, stdout=archive, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
        if done.returncode != 0:
            return False
        archive.seek(0)
        with tarfile.open(fileobj=archive) as tar:
            tar.extractall(project, filter="data")
    return True


def _existing(project: Path, name: str) -> Path | None:
    found = (project / place for place in places(name))
    return next((path for path in found if path.is_file()), None)


def _digest(path: Path) -> str | None:
    return text_digest(path.read_text(encoding="utf-8", errors="surrogateescape"))


def _place(project: Path, name: str, names: Collection[str]) -> Path:
    """Where a script or module goes; a module with modules below it is a package."""
    is_package = any(other.startswith(f"{name}.") for other in names)
    return project / places(name)[-1 if is_package else 0]


def check_digest(project: Path, record: Mapping[str, Any]) -> None:
    """Raise LemmataError unless the laid-out code has the recorded digest."""
    script = record["code"]["script"]
    program = (
        "import sys; from pathlib import Path; from lemmata.provenance.code import code_of;"
        "print(code_of(Path(sys.argv[1])).digest)"
    )
    done = subprocess.run(  # noqa: S603 - fixed program
        [sys.executable, "-c", program, str(project / script)],
        env={"PYTHONPATH": str(project / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stdout.strip() != record["code"]["digest"]:
        raise LemmataError(f"{script}: the code laid out again is not the recorded one")
