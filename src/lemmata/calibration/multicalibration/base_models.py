"""Base predictions of the multicalibration study: every model at every seed and fraction.

Hansen, Devic, Nakkiran, Sharan, "When is multicalibration post-processing necessary?", arXiv
2406.06487. A calibration fraction f takes that share of the training rows from the model and keeps
it for post-processing. The base predictions are a table of their own, so that a change of
post-processor trains nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.config import build
from lemmata.data.design import design_matrix
from lemmata.data.study_splits import population_split, study_split
from lemmata.errors import LemmataError
from lemmata.predictions import predictions_frame

Fit = Callable[
    [NDArray[np.float64], NDArray[np.int64], NDArray[np.str_], int, str], NDArray[np.float64]
]
"""(X (N, D), y (N,), split (N,), seed, label) -> probabilities (N, 2) of all rows."""


@dataclass(frozen=True)
class Fractions:
    """The published protocol: shares of the training rows that are kept for post-processing."""

    fractions: tuple[float, ...]


@dataclass(frozen=True)
class Population:
    """A synthetic population: each seed has rows of its own, so many for each purpose."""

    train: int
    calibration: int
    validation: int
    test: int


def design_of(values: Mapping[str, Any]) -> Fractions | Population:
    """A design from plain values: {fractions}, or {train, calibration, validation, test}."""
    if "fractions" in values:
        return build(Fractions, values, "design")
    return build(Population, values, "design")


def deals(
    n: int, design: Fractions | Population, seeds: Sequence[int]
) -> Iterator[tuple[int, float, NDArray[np.str_]]]:
    """(seed, fraction, split (N,)) of every base model; the fraction of a population is NaN.

    Raises LemmataError when a population needs more than n rows.
    """
    if isinstance(design, Fractions):
        for seed in seeds:
            for fraction in design.fractions:
                yield seed, fraction, study_split(n, seed, fraction)
        return
    sizes = {name: int(size) for name, size in vars(design).items()}
    for index, seed in enumerate(seeds):
        yield seed, float("nan"), population_split(n, len(seeds), sizes, index)


def base_predictions(
    table: pd.DataFrame,
    fit: Fit,
    design: Fractions | Population,
    seeds: Sequence[int],
    only: int | None = None,
) -> pd.DataFrame:
    """Predictions of every seed (or of `only` one of them) and fraction: seed, fraction, split,
    row, y, p.

    table: a prepared table of two classes; its own split is not used. Rows of the split
    calibration, validation and test are kept, and the training rows of fraction 0 too, for
    post-processing on the training data. Features are standardised with the rows that the model
    is trained on alone.
    """
    labels = np.unique(table["y"])
    if not np.array_equal(labels, [0, 1]):
        raise LemmataError(f"y holds {labels[:5].tolist()}: multicalibration needs labels 0 and 1")
    plain = table[[name for name in table.columns if not name.startswith("g_")]]
    frames = []
    for seed, fraction, split in deals(len(table), design, seeds):
        if only is not None and seed != only:
            continue
        dealt = plain.assign(split=split)
        # Only the rows of this seed: a population's other blocks are not looked at.
        dealt = dealt[dealt["split"] != ""].reset_index(drop=True)
        X, _ = design_matrix(dealt)
        parts = dealt["split"].to_numpy(dtype=str)
        label = f"seed {seed}" if np.isnan(fraction) else f"seed {seed}, fraction {fraction:g}"
        probabilities = fit(X, dealt["y"].to_numpy(), parts, seed, label)  # (N, 2)
        kept = ["calibration", "validation", "test"] + (["train"] if fraction == 0.0 else [])
        frame = predictions_frame(dealt, probabilities, seed, kept)
        frame.insert(1, "fraction", fraction)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
