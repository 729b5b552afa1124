"""The example data of the SmoothECE paper (arXiv 2309.12236), measured by us and by relplot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import relplot

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.calibration.studies.result import Sample
from lemmata.errors import LemmataError
from lemmata.stats import Study, evidence_table, exact

# What the authors' notebooks plot [official code], as far as public files serve it.
PAPERS_OWN = ("imagenet_resnet34", "imagenet_resnext50", "solar_flares_daffs")
END = 1e-3  # relplot's cell: predictions nearer to 0 or 1 meet its end-point defect


@dataclass(frozen=True)
class Settings:
    """bins: of the ECE beside it; grid_size, tolerance: of SmoothECE."""

    bins: int
    grid_size: int
    tolerance: float


def study(settings: Settings, samples: Sequence[Sample]) -> Study:
    """One row per forecast: name, papers_own, n, mean_p, mean_y, end_share, smooth_ece, relplot,
    binned_ece. The evidence is about the paper's own examples only.
    """
    table = pd.DataFrame([_measured(sample, settings) for sample in samples])
    own = table[table["papers_own"]]
    if own.empty:
        raise LemmataError(f"published_examples: needs one of {', '.join(PAPERS_OWN)}")
    difference = (own["smooth_ece"] - own["relplot"]).abs()
    largest = exact(float(difference.max()), len(own))
    return Study(table, evidence_table({"max_abs_difference_from_relplot": largest}))


def _measured(sample: Sample, settings: Settings) -> dict[str, object]:
    p, y = sample.p, sample.y
    return {
        "name": sample.name,
        "papers_own": sample.name in PAPERS_OWN,
        "n": p.size,
        "mean_p": p.mean(),
        "mean_y": y.mean(),
        "end_share": float(np.mean((p < END) | (p > 1.0 - END))),
        "smooth_ece": smooth_ece(p, y, settings.grid_size, settings.tolerance),
        "relplot": float(np.asarray(relplot.smECE(p, y))),
        "binned_ece": binned_ece(p, y, settings.bins),
    }
