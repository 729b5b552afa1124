"""SmoothECE, smooth calibration error and lower distance bound each other.

    ldCE / 2 <= smECE <= 2 sqrt(ldCE)                 main theorem of arXiv 2309.12236 [paper-2nd]
    ldCE / 2 <= smCE <= 2 ldCE                        arXiv 2211.16886; lower half [recalled]
    smCE <= 1.8 smECE, smECE <= max(smCE, 0.894 sqrt(smCE))             [derived]

each on finite samples, whose lower distance a linear program gives up to half a grid step. The
first of each is a ratio that may reach 1 at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lemmata.calibration.lower_distance import lower_distance_lp
from lemmata.calibration.populations import two_points
from lemmata.calibration.smooth_calibration import smooth_calibration_error
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.calibration.studies.result import Array, generator
from lemmata.stats import Study, evidence_table, exact


@dataclass(frozen=True)
class Settings:
    """instances: random samples; support: distinct predictions of each at most; rows: of each;
    nodes: of the program's grid.
    """

    instances: int
    support: int
    rows: int
    nodes: int
    seed: int
    grid_size: int
    tolerance: float


def study(settings: Settings) -> Study:
    """Columns kind, smooth_ece, smooth_calibration_error, lower_distance, gap; ratios to bounds.

    Ratios: quantity by its bound, at most 1 where the inequality holds; the bound of the lower
    distance allows for the grid of its program.
    """
    table = pd.DataFrame([_measured(kind, p, y, settings) for kind, p, y in _samples(settings)])
    found = {f"max_{name}": exact(table[name].max(), len(table)) for name in RATIOS}
    return Study(table, evidence_table(found))


RATIOS = (
    "half_lower_distance_to_smooth_ece",
    "smooth_ece_to_root",
    "half_lower_distance_to_smooth_calibration",
    "smooth_calibration_to_lower_distance",
    "smooth_calibration_to_smooth_ece",
    "smooth_ece_to_smooth_calibration",
)


def _measured(kind: str, p: Array, y: Array, settings: Settings) -> dict[str, object]:
    s = smooth_ece(p, y, settings.grid_size, settings.tolerance)
    c = smooth_calibration_error(p, y)
    d, gap = lower_distance_lp(p, y, settings.nodes)
    least = max(d - gap / 2, 0.0)  # the lower distance lies between this and d
    ratios = (
        _ratio(least / 2, s),
        _ratio(s, 2 * math.sqrt(d)),
        _ratio(least / 2, c),
        _ratio(c, 2 * d),
        _ratio(c, 1.8 * s),
        _ratio(s, max(c, 0.894 * math.sqrt(c))),
    )
    own = {"smooth_ece": s, "smooth_calibration_error": c, "lower_distance": d, "gap": gap}
    return {"kind": kind, **own, **dict(zip(RATIOS, ratios, strict=True))}


def _ratio(value: float, bound: float) -> float:
    """value / bound; 0 where both vanish up to the solvers' tolerance."""
    return 0.0 if value <= 1e-9 else value / bound if bound > 0.0 else math.inf


def _samples(settings: Settings) -> Iterator[tuple[str, Array, Array]]:
    """Random small supports, and cases that come near the bounds."""
    for number in range(settings.instances):
        rng = generator(settings.seed, number)
        support = int(rng.integers(1, settings.support + 1))
        a, b = rng.uniform(0.3, 3.0, 2).tolist()
        places = rng.beta(a, b, support)
        if number % 3 == 0:
            places = np.round(places)  # all at the ends
        p = rng.choice(places, settings.rows)
        truth = np.clip(p + rng.uniform(-0.5, 0.5) * (number % 2), 0.0, 1.0)
        yield "random", p, (rng.random(settings.rows) < truth).astype(np.float64)
    for e in (0.2, 0.05, 0.01, 0.001):
        yield "two points", *two_points(e)
    for level in (0.0, 0.3, 1.0):
        p = np.full(settings.rows, level)
        yield "constant", p, (np.arange(settings.rows) % 2).astype(np.float64)
    for width in (0.3, 0.1, 0.02):
        side = (np.arange(settings.rows) % 2).astype(np.float64)
        p = np.asarray(0.5 + width * (side - 0.5), dtype=np.float64)
        yield "opposite clusters", p, np.asarray(1.0 - side, dtype=np.float64)
