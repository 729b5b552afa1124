"""SmoothECE is a fixed point, unique because smECE_s does not grow with s (arXiv 2309.12236)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lemmata.calibration.smooth_ece import smece_at, solve_refined
from lemmata.calibration.studies.result import Sample
from lemmata.stats import Study, evidence_table, exact


@dataclass(frozen=True)
class Settings:
    """bandwidths: how many, log-spaced from `lowest` to 1; grid_size, tolerance: of SmoothECE."""

    bandwidths: int
    lowest: float
    grid_size: int
    tolerance: float


def study(settings: Settings, samples: Sequence[Sample]) -> Study:
    """Follow smECE_s along s for every sample; columns name, seed, bandwidth, smece, smooth_ece."""
    grid = np.geomspace(settings.lowest, 1.0, settings.bandwidths)  # (S,)
    frames, gaps, rises = [], [], []
    for sample in samples:
        value, binned = solve_refined(sample.p, sample.y, settings.grid_size, settings.tolerance)
        path = smece_at(binned, grid)  # (S,)
        gaps.append(abs(float(smece_at(binned, value)) - value))
        rises.append(max(float(np.diff(path).max()), 0.0))
        frames.append(
            pd.DataFrame(
                {
                    "name": sample.name,
                    "seed": sample.seed,
                    "bandwidth": grid,
                    "smece": path,
                    "smooth_ece": value,
                }
            )
        )
    evidence = {
        "max_fixed_point_gap": exact(max(gaps), len(samples)),
        "max_increase_with_bandwidth": exact(max(rises), len(samples)),
    }
    return Study(pd.concat(frames, ignore_index=True), evidence_table(evidence))
