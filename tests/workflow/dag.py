"""Running Snakemake on a copy of the project, and reading off what it would do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

PARTS = ("Snakefile", "config", "profiles", "src", "workflow", "README.md", "envs")
TIMEOUT_S = 1500


def copy_project(project: Path, folder: Path) -> Path:
    """A copy of what the DAG runs on, without results."""
    folder.mkdir(parents=True)
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in PARTS:
        if (project / name).is_dir():
            shutil.copytree(project / name, folder / name, ignore=skip)
        elif (project / name).exists():
            shutil.copy2(project / name, folder / name)
    return folder


def copy_tree(finished: Path, folder: Path) -> Path:
    """A copy of a finished tree with its times, as `cp -a` makes it."""
    subprocess.run(["cp", "-a", str(finished), str(folder)], check=True)
    return folder


def edit(tree: Path, name: str, old: str, new: str, count: int = -1) -> None:
    """Replace text in a file of the tree; the text must be there."""
    path = tree / name
    text = path.read_text()
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, count))


def snakemake(
    tree: Path, *arguments: str, scale: str = "smoke", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `tree`, with the tree's own package rather than the installed one."""
    env = {
        **os.environ,
        "PYTHONPATH": str(tree / "src"),
        "XDG_CACHE_HOME": str(tree / ".cache"),
        **environment,
    }
    command = [sys.executable, "-m", "snakemake", *arguments]
    if scale:
        command += ["--config", f"scale={scale}"]
    return subprocess.run(
        command,
        cwd=tree,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=TIMEOUT_S,
    )


def planned(tree: Path, *arguments: str) -> Counter[str]:
    """How many jobs of each rule a real dry run lists (target rules apart)."""
    done = snakemake(tree, "--dry-run", *arguments)
    assert done.returncode == 0, done.stdout
    rules = Counter(re.findall(r"^(?:local)?rule (\w+):$", done.stdout, flags=re.MULTILINE))
    if not rules:
        assert "Nothing to be done" in done.stdout, done.stdout
    del rules["all"]
    return rules


def planned_after(change: Callable[[Path], None], finished: Path, folder: Path) -> Counter[str]:
    """What `planned` says of a copy of a finished tree, in `folder`, after an edit of it."""
    tree = copy_tree(finished, folder / "tree")
    change(tree)
    found = planned(tree)
    shutil.rmtree(tree)
    return found
