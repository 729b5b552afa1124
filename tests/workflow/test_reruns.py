"""Exactly what an edit reruns, read off a real dry run of a finished tree.

The table of the README ("What reruns") is this table.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow import dag

# Jobs of the smoke scale: data sets breast_cancer, synthetic_groups (binary tables), wine (three
# classes), digits (images); five classical models, an MLP everywhere, a convnet on digits; 2 seeds.
# And the forecast oscillating.
TABULAR, IMAGES, SEEDS = 3, 1, 2
DATASETS = TABULAR + IMAGES
FORECASTS = 1  # oscillating: predictions that come with the data, drawn binned and smooth too
CLASSICAL = 5
NETWORKS = TABULAR * 1 + IMAGES * 2  # models, each with SEEDS jobs
MODELS = TABULAR * CLASSICAL + NETWORKS
STUDIES = 7
ON_PREDICTIONS = 4  # studies that read the models' predictions
# What follows when predictions change: their measures, the studies on them, claims, figures.
JUDGED = {"study": ON_PREDICTIONS, "judge": ON_PREDICTIONS, "claims_table": 1}
DOWNSTREAM = JUDGED | {"plot_study": ON_PREDICTIONS}


def edit(tree: Path, name: str, old: str, new: str, count: int = -1) -> None:
    """Replace text in a file of the tree; the text must be there."""
    path = tree / name
    text = path.read_text()
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, count))


def scale(old: str, new: str) -> Callable[[Path], None]:
    return lambda tree: edit(tree, "config/scales/smoke.yaml", old, new, 1)


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
    edit(tree, "config/scales/smoke.yaml", "max_iter: 10, max_leaf_nodes: 31", "SWAP")
    edit(tree, "config/scales/smoke.yaml", "SWAP", "max_iter: 31, max_leaf_nodes: 10")


def old_mtime_edit(tree: Path) -> None:
    """A changed script that looks older than its outputs, as after rsync -a or tar x."""
    script = tree / "workflow/scripts/calibration/plot_reliability.py"
    edit(tree, "workflow/scripts/calibration/plot_reliability.py", "ignore_index=True", "axis=0")
    os.utime(script, (1_000_000_000, 1_000_000_000))


def rewrite_unchanged(tree: Path) -> None:
    """Every module and script written anew with the same text, as a checkout does."""
    for path in [*tree.glob("src/**/*.py"), *tree.glob("workflow/scripts/**/*.py")]:
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)


TABLE: dict[str, tuple[Callable[[Path], None], dict[str, int]]] = {
    "nothing": (lambda _: None, {}),
    "a plotting option": (
        scale("dpi: 100", "dpi: 120"),
        {"plot_study": STUDIES, "plot_reliability": DATASETS + FORECASTS, "plot_pair": FORECASTS},
    ),
    "one SmoothECE option": (
        scale("level: 0.95", "level: 0.9"),
        {
            "smooth_ece": MODELS + FORECASTS,
            "plot_reliability": DATASETS + FORECASTS,
            "plot_pair": FORECASTS,
        },
    ),
    "one study's option": (
        scale("bandwidths: 10", "bandwidths: 12"),
        {"study": 1, "plot_study": 1, "judge": 1, "claims_table": 1},
    ),
    "one model's hyper-parameter": (
        scale("n_estimators: 10", "n_estimators: 11"),
        {"fit_classical": TABULAR, "smooth_ece": TABULAR, "plot_reliability": TABULAR} | DOWNSTREAM,
    ),
    "two params of one rule exchange their values": (
        exchange_two_params,
        {"fit_classical": TABULAR, "smooth_ece": TABULAR, "plot_reliability": TABULAR} | DOWNSTREAM,
    ),
    "one more seed": (
        scale("seeds: [0, 1]", "seeds: [0, 1, 2]"),
        {
            # Two classical models draw random numbers; each network trains the new seed only.
            "fit_classical": 2 * TABULAR,
            "train_network": NETWORKS,
            "smooth_ece": 2 * TABULAR + NETWORKS,
            "plot_reliability": DATASETS,
        }
        | DOWNSTREAM,
    ),
    "the seed of the data split": (
        scale("split: {seed: 0", "split: {seed: 1"),
        {
            "prepare": DATASETS,
            "fit_classical": TABULAR * CLASSICAL,
            "train_network": NETWORKS * SEEDS,
            "smooth_ece": MODELS,
            "plot_reliability": DATASETS,
        }
        | DOWNSTREAM,
    ),
    "a module that only training uses": (
        source("training/networks.py", "import math", "import math\nimport cmath"),
        {
            "train_network": NETWORKS * SEEDS,
            "smooth_ece": NETWORKS,
            "plot_reliability": DATASETS,
        }
        | DOWNSTREAM,
    ),
    "a module that one study uses": (
        source("calibration/studies/cost.py", "import time", "import time\nimport math"),
        {"study": 1, "plot_study": 1, "judge": 1, "claims_table": 1},
    ),
    "a claim's threshold": (
        lambda tree: edit(tree, "config/claims.yaml", "threshold: 15", "threshold: 12", 1),
        {"judge": 1, "claims_table": 1},
    ),
    "a comment in a library module": (
        source(
            "calibration/smooth_ece.py", "import numpy as np", "import numpy as np  # a comment"
        ),
        {},
    ),
    "a docstring in a library module": (
        source("training/loop.py", '"""', '"""Reworded. '),
        {},
    ),
    "a comment in the README": (
        lambda tree: (tree / "README.md").write_text("<!-- a comment -->\n"),
        {},
    ),
    "a comment in the configuration": (scale("\n", "\n# a comment\n"), {}),
    "a data file touched": (
        touch("resources/digits/digits.csv.gz", "results/smoke/data/digits/table.parquet"),
        {},
    ),
    "a script touched": (touch("workflow/scripts/calibration/train_network.py"), {}),
    "all code checked out anew": (rewrite_unchanged, {}),
    "a script edited with an old mtime": (
        old_mtime_edit,
        {"plot_reliability": DATASETS + FORECASTS},
    ),
    "the mirror": (
        lambda tree: edit(tree, "config/config.yaml", "mirror: null", "mirror: /elsewhere"),
        {},
    ),
}


@pytest.mark.dag
@pytest.mark.parametrize("name", TABLE)
def test_exactly_these_rules_rerun(smoke_tree: Path, tmp_path: Path, name: str) -> None:
    change, expected = TABLE[name]
    tree = dag.copy_tree(smoke_tree, tmp_path / "tree")
    change(tree)
    assert dag.planned(tree) == Counter(expected)
    shutil.rmtree(tree)


@pytest.mark.dag
def test_going_back_leaves_nothing_to_do(smoke_tree: Path, tmp_path: Path) -> None:
    tree = dag.copy_tree(smoke_tree, tmp_path / "tree")
    edit(tree, "config/scales/smoke.yaml", "dpi: 100", "dpi: 120")
    assert dag.planned(tree)
    edit(tree, "config/scales/smoke.yaml", "dpi: 120", "dpi: 100")
    assert not dag.planned(tree)
