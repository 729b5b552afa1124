"""What a study is given and what it returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.calibration.top_label import binary_view
from lemmata.tables import read_predictions

Array = NDArray[np.float64]


class Sample(NamedTuple):
    """Predictions of one model for one seed, on the test rows. p, y: (N,)."""

    name: str
    seed: int
    p: Array
    y: NDArray[np.int64]


def samples(name: str, predictions: pd.DataFrame) -> list[Sample]:
    """One sample per seed of a predictions table, its test rows only (top label if multiclass)."""
    test = predictions[predictions["split"] == "test"]
    return [
        Sample(name, int(seed), *binary_view(test[test["seed"] == seed]))
        for seed in sorted(test["seed"].unique())
    ]


def read_samples(names: Iterable[str], paths: Iterable[str]) -> list[Sample]:
    """The samples of several prediction tables; names: one for each path."""
    tables = zip(names, paths, strict=True)
    return [s for name, path in tables for s in samples(name, read_predictions([path]))]


def generator(seed: int, *key: int) -> np.random.Generator:
    """An independent stream for each (seed, key)."""
    sequence = np.random.SeedSequence(seed, spawn_key=key)
    return np.random.Generator(np.random.Philox(sequence))
