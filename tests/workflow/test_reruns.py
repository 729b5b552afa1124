"""Exactly what an edit reruns, read off a real dry run of a finished tree.

The table of the README ("What reruns") is this table.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from lemmata.cli import main
from tests.workflow import dag
from tests.workflow.dag import edit

# Jobs of the smoke scale: data sets breast_cancer, synthetic_groups (binary tables), wine (three
# classes), digits (images); five classical models, an MLP everywhere, a convnet on digits; 2 seeds.
# And the forecast oscillating.
TABULAR, IMAGES, SEEDS = 3, 1, 2
DATASETS = TABULAR + IMAGES
FORECASTS = 1  # oscillating: predictions that come with the data, drawn binned and smooth too
CLASSICAL = 5
ANSWERED = 2  # decoders with and without positions: their answers are predictions too
LENGTH_FIGURES = 8
DIFFUSION_FIGURES = 16
IMAGE_FIGURES = 2
SELF_SUPERVISED_FIGURES = 11
GENERATED = 1  # what generated digits are taken for is a table of predictions too
DIFFUSION_NETWORKS = 14
SURVEY_FIGURES = 6, 5, 1  # of real editions, of simulated ones, of the procedures
POLICIES = 1  # finetuned policies are predictors too
SPEAKERS = 2  # and so are finetuned language models, on two tasks
EXACT_FIGURES, POLICY_FIGURES, POLICY_STUDIES = 3, 6, 5
LANGUAGE_FIGURES = 7
EXPERIMENTS = 3  # of finetuning, each with SEEDS jobs
POLICY_CLAIMS = 10  # those on digits
PROBED = 1  # so are the probes of self-supervised encoders on digits
OTHERS = GENERATED + POLICIES + SPEAKERS + PROBED
ENCODER_JOBS = 2 * SEEDS  # digits, plain and with planted noise: a bundle each
ENCODER_CLAIMS = 7 + 2  # of LiDAR, of noisy features: those on trained encoders
NETWORKS = TABULAR * 1 + IMAGES * 2  # models, each with SEEDS jobs
STUDIES = 8
ON_PREDICTIONS = 4  # studies that read the models' predictions
# What follows when predictions change: their measures, the studies on them, claims, figures.
JUDGED = {"study": ON_PREDICTIONS, "judge": ON_PREDICTIONS, "claims_table": 1}
DOWNSTREAM = JUDGED | {"plot_study": ON_PREDICTIONS}
# The study of multicalibration: six base models on one data set, four on the population with known
# truth; of each the MLP has a job a seed, the others one job.
BASE_CLASSICAL, BASE_NETWORKS = 5 + 3, SEEDS * 2
BASE_MODELS = 6 + 4
GROUPS = DATASETS + 1  # data sets whose rows have groups, the population among them
KNOWN_CLAIMS, REAL_CLAIMS, INVARIANT_CLAIMS = 6, 3, 2
STUDY_FIGURES = 4
# What follows when what post-processors do changes, and when base models change.
MULTICALIBRATED = {
    "multicalibrate": BASE_MODELS,
    "plot_multicalibration": STUDY_FIGURES,
    "analyse": 4,
    "plot_analysis": 4,
    "plot_data_size": 1,
}
BASED = MULTICALIBRATED | {"fit_base": BASE_CLASSICAL, "train_base": BASE_NETWORKS}
STUDY_CLAIMS = KNOWN_CLAIMS + REAL_CLAIMS + INVARIANT_CLAIMS


# What follows when every post-processor of the shared stage changes.
RECALIBRATED = {
    "recalibrate": DATASETS + ANSWERED + OTHERS,
    "plot_recalibration": DATASETS + ANSWERED + OTHERS,
    "study_length": 1,  # how confidence loses its calibration with length
    "plot_length": 1,
    "study_policies": 1,  # whether finetuning makes over-confident
    "plot_policies": 1,
    "study_policy_confidence": 1,  # and whether finetuning makes it worse
    "plot_policy_confidence": 1,
}


def measured(datasets: int) -> dict[str, int]:
    """What the shared stage makes of predictions on some data sets."""
    return {
        "smooth_ece": datasets,
        "recalibrate": datasets,
        "plot_reliability": datasets,
        "plot_recalibration": datasets,
    }


def together(*parts: dict[str, int]) -> dict[str, int]:
    """Jobs of several causes that share none."""
    return dict(sum(map(Counter, parts), Counter()))


# What follows when digits or their judge change: samples, their study, figures and predictions.
GUIDED_IMAGES = {
    "sample_images": SEEDS,
    "group_images": 1,
    "study_images": 1,
    "plot_images": IMAGE_FIGURES,
}
# What follows when self-supervised encoders are measured anew, and when their images change.
MEASURED_ENCODERS = {
    "measure_encoders": ENCODER_JOBS,
    "probe_predictions": 1,
    "study_selection": 1,
    "study_along_training": 1,
    "study_bridge": 1,
    "plot_trained": 6,
}
TRAINED_ENCODERS = MEASURED_ENCODERS | {"train_encoders": ENCODER_JOBS}
# And when networks are trained anew, or samplers change: what is sampled from all of them.
SAMPLED = together(GUIDED_IMAGES, measured(GENERATED), {"study_learned": 5, "plot_diffusion": 5})
DIFFUSED = SAMPLED | {"train_diffusion": DIFFUSION_NETWORKS * SEEDS}
# What follows when policies are finetuned anew.
FINETUNED = {
    "finetune_policies": EXPERIMENTS * SEEDS,
    "judge_policies": POLICIES,
    "study_policies": POLICY_STUDIES,
    "plot_policies": POLICY_FIGURES,
}
# The claims on learned scores: the Gaussian example, the plane, digits; five of the tutorial's.
LEARNED_CLAIMS = 3 + 4


def judged(claims: int) -> dict[str, int]:
    """Verdicts that are asked anew, and the table of them."""
    return {"judge": claims, "claims_table": 1}


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


TABLE: dict[str, tuple[Callable[[Path], None], dict[str, int]]] = {
    "nothing": (lambda _: None, {}),
    "a plotting option": (
        scale("dpi: 100", "dpi: 120"),
        {
            "plot_study": STUDIES,
            "plot_reliability": DATASETS + FORECASTS + ANSWERED + OTHERS,
            "plot_pair": FORECASTS,
            "plot_recalibration": DATASETS + ANSWERED + OTHERS,
            "plot_trained": 5,
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
    "keys in another order": (
        scale("max_iter: 10, max_leaf_nodes: 31", "max_leaf_nodes: 31, max_iter: 10"),
        {},
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
    "one task's training": (
        scale("    sort: {models:", "    sort: {steps: 21, models:"),
        {
            "train_decoder": 2,  # with and without positions
            "smooth_ece": ANSWERED,
            "recalibrate": ANSWERED,
            "plot_reliability": ANSWERED,
            "plot_recalibration": ANSWERED,
            "study_length": 3,  # predicted, lengths, confidence
            "plot_length": 4,
        }
        | judged(6),
    ),
    "a configuration of a sweep": (
        scale("heads: [1, 2]\n    widths: [16]", "heads: [1]\n    widths: [16]"),
        {
            "select_decoder": 1,
            "train_selected": 1,
            "smooth_ece": 1,
            "recalibrate": 1,
            "plot_reliability": 1,
            "plot_recalibration": 1,
            "study_length": 4,
            "plot_length": 5,
        }
        | judged(6),
    ),
    "one exact study's size": (
        scale("velocities: {steps: 50", "velocities: {steps: 60"),
        {"study_diffusion": 1, "plot_diffusion": 2} | judged(2),
    ),
    "a sampler": (
        source("diffusion/samplers.py", "import math", "import cmath\nimport math"),
        {
            "study_diffusion": 7,  # all but the reverse step and the variance reduction
        }
        | SAMPLED
        | {"plot_diffusion": 14}
        | judged(10 + LEARNED_CLAIMS),
    ),
    "one network's training": (
        scale("points: 20,", "points: 20, steps: 21,"),
        {"train_diffusion": SEEDS, "study_learned": 1, "plot_diffusion": 1} | judged(1),
    ),
    "one variant of finetuning": (
        scale("wrong_on_modified: 0.5", "wrong_on_modified: 0.4"),
        FINETUNED
        | measured(POLICIES)
        | {"finetune_policies": SEEDS}
        # All but what is about SFT before RFT.
        | {"study_policies": POLICY_STUDIES - 1, "plot_policies": POLICY_FIGURES - 1}
        | judged(POLICY_CLAIMS - 1),
    ),
    "one exact study of gradients": (
        scale("surrogates: {tokens: 10", "surrogates: {tokens: 12"),
        {"study_exact_gradients": 1, "plot_exact_gradients": 1} | judged(3),
    ),
    "one linear study's size": (
        scale("depth: 2, eps: 1.0e-2, samples: 2000", "depth: 3, eps: 1.0e-2, samples: 2000"),
        {"study_self_supervised": 1, "plot_self_supervised": 1} | judged(1),
    ),
    "a metric of representations": (
        source("self_supervised/metrics/rank.py", "import torch", "import math\nimport torch"),
        # Identities and the controlled family use it, convergence does not.
        {"study_self_supervised": 2, "plot_self_supervised": 2}
        | MEASURED_ENCODERS
        | measured(PROBED)
        | judged(3 + ENCODER_CLAIMS),
    ),
    "one remedy of a language model": (
        scale("entropy_0.1: [{entropy: 0.1}]", "entropy_0.1: [{entropy: 0.2}]"),
        {"finetune_language": SEEDS, "study_language": 1, "plot_language": 1} | judged(1),
    ),
    "a probe of encoders": (
        source(
            "self_supervised/probes.py", "import numpy as np", "import math\nimport numpy as np"
        ),
        MEASURED_ENCODERS | measured(PROBED) | judged(ENCODER_CLAIMS),
    ),
    "one method's setting": (
        scale("temperature: 0.2}", "temperature: 0.3}"),
        # Of digits alone: the noise is planted for other methods.
        {
            "train_encoders": SEEDS,
            "measure_encoders": SEEDS,
            "probe_predictions": 1,
            "study_selection": 1,
            "study_along_training": 1,
            "plot_trained": 5,
        }
        | measured(PROBED)
        | judged(6),
    ),
    "the programs of a language": (
        source(
            "length_generalization/crasp/programs.py",
            "from typing import Final",
            "import math\nfrom typing import Final",
        ),
        {"study_length": 1, "plot_length": 1} | judged(2),
    ),
    "another edition of a survey": (
        another_edition,
        {
            "ingest_edition": 1,
            "edition_page": 1,
            "compare_editions": 1,
            "plot_survey": SURVEY_FIGURES[0],
            "study_published": 1,
            "study_survey": 1,  # the instrument's
        }
        | judged(5),
    ),
    "one data set fewer": (
        scale("datasets: [breast_cancer, wine, ", "datasets: [breast_cancer, "),
        JUDGED | {"plot_study": ON_PREDICTIONS},
    ),
    "an intermediate table edited by hand": (
        append("results/smoke/calibration/wine/smooth_ece.parquet"),
        {"plot_reliability": 1},
    ),
    "memory, time and threads of a rule": (
        lambda tree: (
            edit(tree, RULES, "threads: 1", "threads: 2")
            or edit(tree, RULES, "more(4000)", "more(5000)")
            or edit(tree, RULES, "more(60)", "more(90)")
        ),
        {},
    ),
    "a comment in the Snakefile and the rules": (
        lambda tree: (
            edit(tree, "Snakefile", "min_version(", "# a comment\nmin_version(")
            or edit(tree, RULES, "rule study:", "# a comment\nrule study:")
        ),
        {},
    ),
    "an input function, to the same effect": (
        lambda tree: edit(
            tree,
            "workflow/rules/common.smk",
            "    pairs = []\n",
            "    pairs = list(())\n",
        ),
        {},
    ),
    "the configuration files touched": (touch("config/config.yaml", SMOKE), {}),
    "the environment's files": (append("envs/environment.yaml", "envs/requirements.txt"), {}),
    "the place and size of the store": (
        lambda tree: edit(tree, "config/config.yaml", "max_gib: 20", "max_gib: 10"),
        {},
    ),
    "the caption of a figure": (append("workflow/report/study.rst"), {}),
    "a module that keeps records but computes nothing": (
        source("provenance/store.py", "import os", "import math\nimport os"),
        {},
    ),
    "a tool that reads records": (
        source("lineage/audit.py", "from pathlib", "import math\nfrom pathlib"),
        {},
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
        {"plot_reliability": DATASETS + FORECASTS + ANSWERED + OTHERS},
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
