"""Splits of the multicalibration study: the published protocol, and a population dealt in blocks.

Hansen, Devic, Nakkiran, Sharan, arXiv 2406.06487 [official code]: the test rows are the same for
every seed, the seed draws the validation rows, and the calibration rows are a share of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lemmata.errors import LemmataError

TEST_SEED: Final = 42
CALIBRATION_SEED: Final = 50
SHARE: Final = 0.2
"""Of all rows, for testing and for validation."""
PARTS: Final = ("train", "calibration", "validation", "test")


def study_split(n: int, seed: int, fraction: float) -> NDArray[np.str_]:
    """Part of each of n rows: train, calibration, validation or test, (n,).

    Test: 20% drawn with seed 42. Validation: 20% of n drawn from the rest with `seed`. Calibration:
    `fraction` of what remains, drawn with seed 50; the rest is for training. Raises LemmataError
    for a fraction outside [0, 1) and for fewer than 10 rows.
    """
    if not 0.0 <= fraction < 1.0 or n < 10:
        raise LemmataError(f"split of {n} rows, fraction {fraction}: needs 10 rows and [0, 1)")
    part = np.full(n, "train", dtype="<U11")
    test = _draw(np.arange(n), int(SHARE * n), TEST_SEED)
    part[test] = "test"
    validation = _draw(np.flatnonzero(part == "train"), int(SHARE * n), seed)
    part[validation] = "validation"
    train = np.flatnonzero(part == "train")
    part[_draw(train, int(fraction * train.size), CALIBRATION_SEED)] = "calibration"
    return part


def population_split(n: int, blocks: int, sizes: Mapping[str, int], index: int) -> NDArray[np.str_]:
    """Part of each of n rows for block `index` of `blocks`: rows of other blocks are "", (n,).

    sizes: rows of each part; they stand in the order train, calibration, validation, test. Blocks
    are disjoint, so that seeds see independent samples of the population. Raises LemmataError when
    n rows are too few.
    """
    ends = np.cumsum([0, *(sizes[name] for name in PARTS)])
    if blocks * ends[-1] > n:
        raise LemmataError(f"population: {blocks} seeds of {ends[-1]} rows need more than {n} rows")
    part = np.full(n, "", dtype="<U11")
    start = index * ends[-1]
    for name, first, last in zip(PARTS, ends, ends[1:], strict=False):
        part[start + first : start + last] = name
    return part


def _draw(rows: NDArray[np.int64], size: int, seed: int) -> NDArray[np.int64]:
    # The legacy generator, whose stream NumPy froze: the published draws are its.
    chosen = np.random.RandomState(seed).choice(rows, size=size, replace=False)
    return np.sort(chosen)
