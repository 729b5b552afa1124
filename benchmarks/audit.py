"""Time of `lemmata audit --all` on a tree, against `sha256sum` over the same files in the same run.

    python benchmarks/audit.py [--tree FOLDER] [--copies N]

FOLDER is a tree with results; without one, the calibration family at laptop scale is made to look
finished. It is copied N times as so many results folders, so that larger trees can be tried. Wall
clock: reading is part of it. "First" trusts no remembered hash, "again" those of the first.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finished_tree import copy_project, finish
from measure import Report, options, versus

from lemmata.lineage.audit import Auditor
from lemmata.lineage.hashes import Hashes

PROJECT = Path(__file__).parents[1]
SMALL = {"scale": "smoke", "papers": ["smooth_ece"]}


@dataclass(frozen=True)
class Copies:
    """The same tree several times, and all its files."""

    trees: Sequence[Path]
    files: Sequence[Path]

    def audit(self, full: bool) -> None:
        """Audit everything; an error if anything is not intact."""
        for tree in self.trees:
            hashes = Hashes(tree, full)
            problems, _ = Auditor(hashes, tree).everything(tree)
            assert not problems, problems[0]
            hashes.save()

    def sha256sum(self) -> None:
        """The peer: only the hashes."""
        subprocess.run(  # noqa: S603 - files of our own
            ["sha256sum", *map(str, self.files)],  # noqa: S607 - wherever it is
            stdout=subprocess.DEVNULL,
            check=True,
        )


def pretended(folder: Path, settings: dict[str, object]) -> Path:
    """A tree that looks finished."""
    tree = copy_project(PROJECT, folder, settings)
    finish(tree)
    return tree


def copied(source: Path, folder: Path, copies: int) -> Copies:
    """Results and raw data of a finished tree, so many times."""
    trees = [folder / str(i) for i in range(copies)]
    for tree in trees:
        for name in ("results", "resources"):
            shutil.copytree(source / name, tree / name)
    return Copies(trees, [path for path in folder.rglob("*") if path.is_file()])


def main() -> None:
    """Copy, measure, print."""
    parser = options(__doc__, rounds=3)
    parser.add_argument("--tree", type=Path, help="a tree with results")
    parser.add_argument("--copies", type=int, default=1)
    args = parser.parse_args()
    report = Report(args.rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = SMALL if args.quick else {**SMALL, "scale": "laptop"}
        source = args.tree or pretended(folder / "pretended", settings)
        copies = copied(source, folder / "copies", args.copies)
        sizes = f"{len(copies.files):,} files"
        for what, full in (("first", True), ("again", False)):
            works: dict[str, Callable[[], object]] = {
                "ours": lambda full=full: copies.audit(full),
                "sha256sum": copies.sha256sum,
            }
            title = f"lemmata audit --all, {what}"
            report.add(versus(title, sizes, works, args.rounds, time.perf_counter))


if __name__ == "__main__":
    main()
