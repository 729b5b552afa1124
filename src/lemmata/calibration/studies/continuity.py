"""SmoothECE is continuous in the predictions, binned ECE is not (arXiv 2309.12236)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lemmata.calibration.binned_ece import binned_ece, support_ece
from lemmata.calibration.populations import two_points
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.calibration.studies.result import Array, Sample, generator
from lemmata.stats import Study, evidence_table, exact


@dataclass(frozen=True)
class Settings:
    """noise: standard deviation of the perturbation; bins: of the ECE beside it; offsets: how many
    e of the two-point family, log-spaced from `smallest` to `largest`; seed; grid_size, tolerance.
    """

    noise: float
    bins: int
    offsets: int
    smallest: float
    largest: float
    seed: int
    grid_size: int
    tolerance: float


ALLOWANCE = 1e-3  # of the criterion smECE <= c sqrt(e) + 1e-3


def study(settings: Settings, samples: Sequence[Sample]) -> Study:
    """The two-point family as e -> 0, and real predictions moved a little.

    Columns: part (two_points or perturbation), name, seed, e, smooth_ece, binned_ece, support_ece;
    in the second part e is the noise and the errors are absolute changes.
    """
    family = pd.DataFrame([_two_points(e, settings) for e in _offsets(settings)])
    moved = pd.DataFrame([_perturbed(i, s, settings) for i, s in enumerate(samples)])
    positive = family[family["e"] > 0]
    coefficient = (positive["smooth_ece"] - ALLOWANCE) / np.sqrt(positive["e"])
    jump = positive["binned_ece"].iloc[0] - family["binned_ece"].iloc[0]
    evidence = {
        "max_change_under_perturbation": exact(moved["smooth_ece"].max(), len(moved)),
        "max_two_point_coefficient": exact(coefficient.max(), len(positive)),
        "two_point_ece": exact(positive["support_ece"].iloc[0], 1),
        "binned_ece_jump": exact(jump, 1),
    }
    return Study(pd.concat([family, moved], ignore_index=True), evidence_table(evidence))


def _offsets(settings: Settings) -> Array:
    """e = 0 first, then the positive ones in growing order."""
    grid = np.geomspace(settings.smallest, settings.largest, settings.offsets)
    return np.concatenate([[0.0], grid])


def _two_points(e: float, settings: Settings) -> dict[str, object]:
    return {
        "part": "two_points",
        "name": "two points",
        "seed": 0,
        "e": e,
        **_measures(*two_points(e), settings),
    }


def _perturbed(index: int, sample: Sample, settings: Settings) -> dict[str, object]:
    rng = generator(settings.seed, index)
    moved = np.clip(sample.p + rng.normal(0.0, settings.noise, sample.p.size), 0.0, 1.0)

    before, after = (_measures(p, sample.y, settings) for p in (sample.p, moved))
    return {
        "part": "perturbation",
        "name": sample.name,
        "seed": sample.seed,
        "e": settings.noise,
        **{name: abs(after[name] - before[name]) for name in before},
    }


def _measures(p: Array, y: ArrayLike, settings: Settings) -> dict[str, float]:
    return {
        "smooth_ece": smooth_ece(p, y, settings.grid_size, settings.tolerance),
        "binned_ece": binned_ece(p, y, settings.bins),
        "support_ece": support_ece(p, y),
    }
