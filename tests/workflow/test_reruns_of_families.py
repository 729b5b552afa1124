"""Exactly what an edit of one family reruns, read off a real dry run of a finished tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow import dag
from tests.workflow.edits import another_edition, scale, source
from tests.workflow.expected_jobs import (
    ANSWERED,
    ENCODER_CLAIMS,
    FINETUNED,
    LEARNED_CLAIMS,
    MEASURED_ENCODERS,
    POLICIES,
    POLICY_CLAIMS,
    POLICY_FIGURES,
    POLICY_STUDIES,
    PROBED,
    SAMPLED,
    SEEDS,
    SURVEY_FIGURES,
    judged,
    measured,
)

RETRAINED_ON_DIGITS = (
    {
        "train_encoders": SEEDS,
        "measure_encoders": SEEDS,
        "probe_predictions": 1,
        "study_selection": 1,
        "study_along_training": 1,
        "plot_trained": 5,
    }
    | measured(PROBED)
    | judged(6)
)
TABLE: dict[str, tuple[Callable[[Path], None], dict[str, int]]] = {
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
        RETRAINED_ON_DIGITS,
    ),
    "when bases are kept along their training": (
        scale("snapshots: [0.5]", "snapshots: [0.25]"),
        # Of digits alone: what is planted is looked at in the end.
        RETRAINED_ON_DIGITS,
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
}


@pytest.mark.dag
@pytest.mark.parametrize("name", TABLE)
def test_exactly_these_rules_rerun(smoke_tree: Path, tmp_path: Path, name: str) -> None:
    change, expected = TABLE[name]
    assert dag.planned_after(change, smoke_tree, tmp_path) == Counter(expected)
