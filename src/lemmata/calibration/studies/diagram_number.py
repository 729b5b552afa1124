"""The smooth diagram shows its number: area to the diagonal is SmoothECE (arXiv 2309.12236)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lemmata.calibration.reliability import weighted_area
from lemmata.calibration.smooth_ece import solve_refined
from lemmata.calibration.studies.result import Sample
from lemmata.stats import Study, evidence_table, exact


@dataclass(frozen=True)
class Settings:
    """grid_size, tolerance: of SmoothECE."""

    grid_size: int
    tolerance: float


def study(settings: Settings, samples: Sequence[Sample]) -> Study:
    """Columns name, seed, n, smooth_ece, diagram_area, gap_over_bandwidth for every sample."""
    rows = []
    for sample in samples:
        value, binned = solve_refined(sample.p, sample.y, settings.grid_size, settings.tolerance)
        area = float(weighted_area(binned, value))
        rows.append(
            {
                "name": sample.name,
                "seed": sample.seed,
                "n": sample.p.size,
                "smooth_ece": value,
                "diagram_area": area,
                # Perfect predictions have neither error nor bandwidth, and their diagram no area.
                "gap_over_bandwidth": abs(area - value) / value if value else 0.0,
            }
        )
    table = pd.DataFrame(rows)
    largest = exact(table["gap_over_bandwidth"].max(), len(table))
    return Study(table, evidence_table({"max_gap_over_bandwidth": largest}))
