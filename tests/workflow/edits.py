"""Edits of a tree, as users make them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.workflow.dag import edit

SMOKE = "config/scales/smoke.yaml"
RULES = "workflow/rules/calibration.smk"
SCRIPTS = "workflow/scripts/calibration"


def scale(old: str, new: str) -> Callable[[Path], None]:
    return lambda tree: edit(tree, SMOKE, old, new, 1)


def source(name: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda tree: edit(tree, f"src/lemmata/{name}", old, new, 1)


def touch(*names: str) -> Callable[[Path], None]:
    def apply(tree: Path) -> None:
        for name in names:
            (found,) = tree.glob(name)
            found.touch()

    return apply


def exchange_two_params(tree: Path) -> None:
    """max_iter 10 and max_leaf_nodes 31 take each other's value: the same set of values."""
    edit(tree, SMOKE, "max_iter: 10, max_leaf_nodes: 31", "SWAP")
    edit(tree, SMOKE, "SWAP", "max_iter: 31, max_leaf_nodes: 10")


def old_mtime_edit(tree: Path) -> None:
    """A changed script that looks older than its outputs, as after rsync -a or tar x."""
    script = tree / "workflow/scripts/calibration/plot_reliability.py"
    edit(
        tree,
        "workflow/scripts/calibration/plot_reliability.py",
        "sort=False",
        "sort=False, observed=True",
    )
    os.utime(script, (1_000_000_000, 1_000_000_000))


def rewrite_unchanged(tree: Path) -> None:
    """Every module and script written anew with the same text, as a checkout does."""
    for path in [*tree.glob("src/**/*.py"), *tree.glob("workflow/scripts/**/*.py")]:
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)


def append(*names: str) -> Callable[[Path], None]:
    """A line more at the end of files, whatever they are."""

    def apply(tree: Path) -> None:
        for name in names:
            with (tree / name).open("ab") as stream:
                stream.write(b"\n# more\n")

    return apply


def another_version(distribution: str) -> Callable[[Path], None]:
    """Metadata of another version, found before the true one."""

    def apply(tree: Path) -> None:
        folder = tree / "src" / f"{distribution.replace('-', '_')}-99.0.dist-info"
        folder.mkdir()
        text = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 99.0\n"
        (folder / "METADATA").write_text(text)

    return apply


def another_edition(tree: Path) -> None:
    """A survey's next edition, with one aggregate: the last one's question, asked again."""
    last, following = (tree / f"config/survey/stack_overflow_{year}" for year in (2024, 2026))
    shutil.copytree(last, following)
    for name in ("edition.yaml", "aggregates.csv"):
        edit(tree, str(following.relative_to(tree) / name), "2024", "2026")
