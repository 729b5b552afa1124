"""Exact match by length and bin, with intervals over seeds and strings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.errors import LemmataError
from lemmata.stats import Interval
from lemmata.tables import read_table

REPLICATES: Final = 4000
LEVEL: Final = 0.95


def read_answers(tasks: Iterable[str], models: Iterable[str], paths: Iterable[str]) -> pd.DataFrame:
    """All answer tables, with the task and the model of each."""
    frames = [
        read_table(path).assign(task=task, model=model)
        for task, model, path in zip(tasks, models, paths, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def summed(answers: pd.DataFrame, by: str) -> pd.DataFrame:
    """task, model, seed, `by` (bin or length), n, exact, token_accuracy: means over strings."""
    keys = ["task", "model", "seed", by]
    grouped = answers.groupby(keys, sort=False)
    return grouped.agg(
        n=("exact", "size"), exact=("exact", "mean"), token_accuracy=("token_accuracy", "mean")
    ).reset_index()


def medians(part: pd.DataFrame, seed: int = 0) -> NDArray[np.float64]:
    """Replicates (R,) of the median over seeds of exact match.

    part: one row a seed with n and exact. A replicate draws seeds with replacement, and of each its
    share from what its strings leave open (Beta, Jeffreys' prior: no share is sure because all of
    a few strings were right); so it carries both sources of chance.
    """
    if part.empty:
        raise LemmataError("exact match: no seed was run")
    rng = np.random.Generator(np.random.Philox(seed))
    n, exact = part["n"].to_numpy(np.int64), part["exact"].to_numpy(np.float64)
    drawn = rng.integers(0, len(n), (REPLICATES, len(n)))
    right = (n * exact)[drawn]
    shares = rng.beta(right + 0.5, n[drawn] - right + 0.5)
    found: NDArray[np.float64] = np.median(shares, axis=1)
    return found


def median_interval(part: pd.DataFrame) -> Interval:
    """Median over seeds of exact match, with the central 95% of `medians`."""
    return interval_of(float(part["exact"].median()), medians(part), len(part))


def difference_interval(first: pd.DataFrame, second: pd.DataFrame) -> Interval:
    """Difference of two medians; the two sets of seeds are independent of each other."""
    value = float(first["exact"].median() - second["exact"].median())
    replicates = medians(first, 0) - medians(second, 1)
    return interval_of(value, replicates, min(len(first), len(second)))


def interval_of(value: float, replicates: NDArray[np.float64], n: int) -> Interval:
    """A value with the central 95% of its replicates (R,), itself included."""
    lower, upper = np.quantile(replicates, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Interval(value, min(value, float(lower)), max(value, float(upper)), n)
