"""Exactly what an edit reruns, read off a real dry run of a finished tree.

The table of the README ("What reruns") is this table, with those of the families and of edits that
rerun nothing.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from lemmata.cli import main
from tests.workflow import dag
from tests.workflow.dag import edit
from tests.workflow.edits import (
    SCRIPTS,
    SMOKE,
    another_version,
    append,
    exchange_two_params,
    old_mtime_edit,
    scale,
    source,
)
from tests.workflow.expected_jobs import (
    ANSWERED,
    BASE_CLASSICAL,
    BASE_NETWORKS,
    BASED,
    CLASSICAL,
    DATASETS,
    DIFFUSED,
    DIFFUSION_FIGURES,
    DOWNSTREAM,
    ENCODER_CLAIMS,
    EXACT_FIGURES,
    FINETUNED,
    FORECASTS,
    GENERATED,
    GROUPS,
    GUIDED_IMAGES,
    IMAGE_FIGURES,
    JUDGED,
    KNOWN_CLAIMS,
    LANGUAGE_FIGURES,
    LEARNED_CLAIMS,
    LENGTH_FIGURES,
    MULTICALIBRATED,
    NETWORKS,
    ON_PREDICTIONS,
    OTHERS,
    POLICIES,
    POLICY_CLAIMS,
    POLICY_FIGURES,
    PROBED,
    REAL_CLAIMS,
    RECALIBRATED,
    SEEDS,
    SELF_SUPERVISED_FIGURES,
    STUDIES,
    STUDY_CLAIMS,
    STUDY_FIGURES,
    SURVEY_FIGURES,
    TABULAR,
    TRAINED_ENCODERS,
    judged,
    measured,
)

TABLE: dict[str, tuple[Callable[[Path], None], dict[str, int]]] = {
    "a plotting option": (
        scale("dpi: 100", "dpi: 120"),
        {
            "plot_study": STUDIES,
            "plot_reliability": DATASETS + FORECASTS + ANSWERED + OTHERS,
            "plot_pair": FORECASTS,
            "plot_recalibration": DATASETS + ANSWERED + OTHERS,
            "plot_trained": 6,
            "plot_length": LENGTH_FIGURES,
            "plot_exact_gradients": EXACT_FIGURES,
            "plot_policies": POLICY_FIGURES,
            "plot_diffusion": DIFFUSION_FIGURES,
            "plot_images": IMAGE_FIGURES,
            "plot_survey": sum(SURVEY_FIGURES),
            "plot_self_supervised": SELF_SUPERVISED_FIGURES,
            "plot_language": LANGUAGE_FIGURES,
            "plot_policy_confidence": 1,
            "plot_multicalibration": STUDY_FIGURES,
            "plot_analysis": 4,
            "plot_data_size": 1,
        },
    ),
    "one SmoothECE option": (
        scale("level: 0.95", "level: 0.9"),
        {
            "smooth_ece": DATASETS + FORECASTS + ANSWERED + OTHERS,
            "plot_reliability": DATASETS + FORECASTS + ANSWERED + OTHERS,
            "plot_pair": FORECASTS,
        },
    ),
    "one study's option": (
        scale("bandwidths: 10", "bandwidths: 12"),
        {"study": 1, "plot_study": 1, "judge": 1, "claims_table": 1},
    ),
    "one model's hyper-parameter": (
        scale("n_estimators: 10", "n_estimators: 11"),
        {"fit_classical": TABULAR} | measured(TABULAR) | DOWNSTREAM,
    ),
    "two params of one rule exchange their values": (
        exchange_two_params,
        {"fit_classical": TABULAR} | measured(TABULAR) | DOWNSTREAM,
    ),
    "one more seed": (
        scale("seeds: [0, 1]", "seeds: [0, 1, 2]"),
        {
            # Two classical models draw random numbers; each network trains the new seed only.
            "fit_classical": 2 * TABULAR,
            "train_network": NETWORKS,
        }
        | measured(DATASETS)
        | DOWNSTREAM,
    ),
    "the seed of the data split": (
        scale("split: {seed: 0", "split: {seed: 1"),
        {
            "prepare": DATASETS + 2,
            "group_flags": GROUPS,
            "fit_classical": TABULAR * CLASSICAL,
            "train_network": NETWORKS * SEEDS,
        }
        | measured(DATASETS + GENERATED + POLICIES + 1 + PROBED)
        | DOWNSTREAM
        | BASED
        | GUIDED_IMAGES
        | FINETUNED
        | {"train_diffusion": 2 * SEEDS}  # of digits and their flow
        | {  # the language model of text
            "pretrain_language": SEEDS,
            "finetune_language": SEEDS,
            "predict_language": 1,
            "study_language": 2,
            "plot_language": 2,
            "study_policy_confidence": 1,
            "plot_policy_confidence": 1,
        }
        | TRAINED_ENCODERS
        | judged(ON_PREDICTIONS + STUDY_CLAIMS + POLICY_CLAIMS + 1 + 2 + ENCODER_CLAIMS),
    ),
    "a module that only training uses": (
        source("training/networks.py", "import math", "import math\nimport cmath"),
        {"train_network": NETWORKS * SEEDS}
        | DOWNSTREAM
        | MULTICALIBRATED
        # The studies of invariants and of the authors' options read no network.
        | {"train_base": BASE_NETWORKS, "multicalibrate": 2, "analyse": 2, "plot_analysis": 2}
        | DIFFUSED
        | FINETUNED
        | measured(DATASETS + GENERATED + POLICIES)
        | judged(ON_PREDICTIONS + KNOWN_CLAIMS + REAL_CLAIMS + LEARNED_CLAIMS + POLICY_CLAIMS),
    ),
    "a module that one study uses": (
        source("calibration/studies/cost.py", "import time", "import time\nimport math"),
        {"study": 1, "plot_study": 1, "judge": 1, "claims_table": 1},
    ),
    "a claim's threshold": (
        lambda tree: edit(tree, "config/claims.yaml", "threshold: 15", "threshold: 12", 1),
        {"judge": 1, "claims_table": 1},
    ),
    "a value that takes on another's, so that the set of values stays": (
        scale("max_iter: 10, max_leaf_nodes: 31", "max_iter: 31, max_leaf_nodes: 31"),
        {"fit_classical": TABULAR} | measured(TABULAR) | DOWNSTREAM,
    ),
    "a script": (
        lambda tree: edit(tree, f"{SCRIPTS}/plot_pair.py", "seed = j.cfg", "number = seed = j.cfg"),
        {"plot_pair": FORECASTS},
    ),
    "a version of a library": (
        another_version("scikit-learn"),
        {"fit_classical": TABULAR * CLASSICAL}
        | measured(TABULAR + GENERATED)
        # Isotonic regression is scikit-learn's, wherever predictions are recalibrated.
        | RECALIBRATED
        | DOWNSTREAM
        | MULTICALIBRATED
        | {"fit_base": BASE_CLASSICAL}
        | GUIDED_IMAGES
        # The probe of the controlled family is scikit-learn's.
        | {"study_self_supervised": 1, "plot_self_supervised": 1}
        | judged(ON_PREDICTIONS + STUDY_CLAIMS + 1 + 1 + 2 + 1),
    ),
    "a group's definition": (
        lambda tree: edit(tree, "config/groups.yaml", "thin_strokes: {", "few_strokes: {", 1),
        # Of digits: what networks and what probes say of them.
        {"group_flags": 1, "recalibrate": 2, "plot_recalibration": 2},
    ),
    "a post-processor's grid": (
        scale("hkrr: {alpha: [0.1, 0.05]}", "hkrr: {alpha: [0.1, 0.02]}"),
        # The study of the authors' options has settings of its own.
        MULTICALIBRATED | {"analyse": 3, "plot_analysis": 3} | judged(STUDY_CLAIMS),
    ),
    "a post-processor of the shared stage": (
        scale("hkrr: {alpha: 0.1}", "hkrr: {alpha: 0.05}"),
        RECALIBRATED | judged(2),
    ),
    "a base model's hyper-parameter": (
        scale("svm: {alpha: 1.0e-4", "svm: {alpha: 1.0e-3"),
        {
            "fit_base": 1,
            "multicalibrate": 1,
            "plot_multicalibration": STUDY_FIGURES,
            "analyse": 1,
            "plot_analysis": 1,
            "plot_data_size": 1,
        }
        | judged(REAL_CLAIMS),
    ),
    "one data set fewer": (
        scale("datasets: [breast_cancer, wine, ", "datasets: [breast_cancer, "),
        JUDGED | {"plot_study": ON_PREDICTIONS},
    ),
    "an intermediate table edited by hand": (
        append("results/smoke/calibration/wine/smooth_ece.parquet"),
        {"plot_reliability": 1},
    ),
    "a script edited with an old mtime": (
        old_mtime_edit,
        {"plot_reliability": DATASETS + FORECASTS + ANSWERED + OTHERS},
    ),
}


@pytest.mark.dag
@pytest.mark.parametrize("name", TABLE)
def test_exactly_these_rules_rerun(smoke_tree: Path, tmp_path: Path, name: str) -> None:
    change, expected = TABLE[name]
    assert dag.planned_after(change, smoke_tree, tmp_path) == Counter(expected)


@pytest.mark.dag
def test_an_input_edited_under_an_old_date_is_left_to_why(
    smoke_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one exception: the engine looks at content only where the date is newer."""
    tree = dag.copy_tree(smoke_tree, tmp_path / "tree")
    name = "results/smoke/calibration/wine/smooth_ece.parquet"
    append(name)(tree)
    os.utime(tree / name, (1_000_000_000, 1_000_000_000))
    assert not dag.planned(tree)
    monkeypatch.chdir(tree)
    done = CliRunner().invoke(main, ["why", "--config", "scale=smoke"])
    assert done.exit_code == 1
    assert f"output {name}: changed" in done.output


def test_rules_and_scripts_hold_nothing_that_the_params_do_not_see(project: Path) -> None:
    """No text of shell or run, no configuration or wildcard read behind the engine's back."""
    for path in project.glob("workflow/rules/*.smk"):
        assert not re.search(r"^\s*(shell|run|notebook|wrapper):", path.read_text(), re.MULTILINE)
    for path in project.glob("workflow/scripts/**/*.py"):
        assert not re.search(r"snakemake\.(config|wildcards|params)", path.read_text()), path


@pytest.mark.dag
def test_going_back_leaves_nothing_to_do(smoke_tree: Path, tmp_path: Path) -> None:
    tree = dag.copy_tree(smoke_tree, tmp_path / "tree")
    edit(tree, SMOKE, "dpi: 100", "dpi: 120")
    assert dag.planned(tree)
    edit(tree, SMOKE, "dpi: 120", "dpi: 100")
    assert not dag.planned(tree)
