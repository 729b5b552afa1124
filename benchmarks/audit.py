"""Time of `lemmata audit --all` on a tree, against `sha256sum` over the same files in the same run.

    python benchmarks/audit.py [FOLDER] [COPIES]

The finished tree at FOLDER (default: this folder) is copied COPIES times (default 1) as so many
results folders, so that larger trees can be tried. Prints seconds and ratios.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lemmata.lineage.audit import Auditor
from lemmata.lineage.hashes import Hashes


def seconds(action: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def main() -> None:
    """Copy, measure, print."""
    source = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    copies = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder) / str(i) for i in range(copies)]
        for tree in trees:
            for name in ("results", "resources"):
                shutil.copytree(source / name, tree / name)
        files = [path for path in Path(folder).rglob("*") if path.is_file()]

        def audit(full: bool) -> None:
            for tree in trees:
                hashes = Hashes(tree, full)
                problems, _ = Auditor(hashes, tree).everything(tree)
                assert not problems, problems[0]
                hashes.save()

        def peer() -> None:
            subprocess.run(  # noqa: S603 - files of our own
                ["sha256sum", *map(str, files)],  # noqa: S607 - wherever it is
                stdout=subprocess.DEVNULL,
                check=True,
            )

        bare = seconds(peer)
        full, again = seconds(lambda: audit(True)), seconds(lambda: audit(False))
    print(f"{len(files)} files")
    print(f"sha256sum            {bare:6.2f} s")
    print(f"audit --all --full   {full:6.2f} s  {full / bare:5.1f} x sha256sum")
    print(f"audit --all again    {again:6.2f} s  {again / bare:5.1f} x sha256sum")


if __name__ == "__main__":
    main()
