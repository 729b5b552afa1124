"""Edits that rerun nothing, read off a real dry run of a finished tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow import dag
from tests.workflow.dag import edit
from tests.workflow.edits import RULES, SMOKE, append, rewrite_unchanged, scale, source, touch

EDITS: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "keys in another order": scale(
        "max_iter: 10, max_leaf_nodes: 31", "max_leaf_nodes: 31, max_iter: 10"
    ),
    "memory, time and threads of a rule": lambda tree: (
        edit(tree, RULES, "threads: 1", "threads: 2")
        or edit(tree, RULES, "more(4000)", "more(5000)")
        or edit(tree, RULES, "more(60)", "more(90)")
    ),
    "a comment in the Snakefile and the rules": lambda tree: (
        edit(tree, "Snakefile", "min_version(", "# a comment\nmin_version(")
        or edit(tree, RULES, "rule study:", "# a comment\nrule study:")
    ),
    "an input function, to the same effect": lambda tree: edit(
        tree,
        "workflow/rules/common_calibration.smk",
        "    pairs = []\n",
        "    pairs = list(())\n",
    ),
    "the configuration files touched": touch("config/config.yaml", SMOKE),
    "the environment's files": append("envs/environment.yaml", "envs/requirements.txt"),
    "the place and size of the store": lambda tree: edit(
        tree, "config/config.yaml", "max_gib: 20", "max_gib: 10"
    ),
    "the caption of a figure": append("workflow/report/study.rst"),
    "a module that keeps records but computes nothing": source(
        "provenance/store.py", "import os", "import math\nimport os"
    ),
    "a tool that reads records": source(
        "lineage/audit.py", "from pathlib", "import math\nfrom pathlib"
    ),
    "a comment in a library module": source(
        "calibration/smooth_ece.py", "import numpy as np", "import numpy as np  # a comment"
    ),
    "a docstring in a library module": source("training/loop.py", '"""', '"""Reworded. '),
    "a comment in the README": lambda tree: (tree / "README.md").write_text("<!-- a comment -->\n"),
    "a comment in the configuration": scale("\n", "\n# a comment\n"),
    "a data file touched": touch(
        "resources/digits/digits.csv.gz", "results/smoke/data/digits/table.parquet"
    ),
    "a script touched": touch("workflow/scripts/calibration/train_network.py"),
    "all code checked out anew": rewrite_unchanged,
    "the mirror": lambda tree: edit(
        tree, "config/config.yaml", "mirror: null", "mirror: /elsewhere"
    ),
}


@pytest.mark.dag
@pytest.mark.parametrize("name", EDITS)
def test_nothing_reruns(smoke_tree: Path, tmp_path: Path, name: str) -> None:
    assert not dag.planned_after(EDITS[name], smoke_tree, tmp_path)
