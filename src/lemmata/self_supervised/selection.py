"""How well a label-free metric ranks configurations by the accuracy of their probes.

Correlations of ranks with intervals over configurations, and how much of the oracle's gain a
choice by the metric recovers. All vectorised over resamples: x and y may have a leading axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from lemmata.stats import Interval
from lemmata.training.batches import stream

Floats = NDArray[np.float64]
Correlation = Callable[[Floats, Floats], Floats]
BLOCK: Final = 512
"""Resamples that are worked on at once, which bounds memory."""


def spearman(x: ArrayLike, y: ArrayLike) -> Floats:
    """Correlation of the ranks of x and y (..., C), ties at their mean rank; nan without spread."""
    a, b = (rankdata(np.asarray(v, dtype=np.float64), axis=-1) for v in (x, y))
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        found = (a * b).sum(-1) / np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.asarray(found)


def size_of_spearman(x: ArrayLike, y: ArrayLike) -> Floats:
    """Spearman's correlation without its sign: how well x ranks when one knows which way."""
    return np.abs(spearman(x, y))


def kendall(x: ArrayLike, y: ArrayLike) -> Floats:
    """Kendall's tau-b of x and y (..., C); nan without spread."""
    a, b = (_signs(np.asarray(v, dtype=np.float64)) for v in (x, y))
    with np.errstate(invalid="ignore"):
        found = (a * b).sum((-2, -1)) / np.sqrt((a**2).sum((-2, -1)) * (b**2).sum((-2, -1)))
    return np.asarray(found)


def _signs(x: Floats) -> Floats:
    return np.sign(x[..., :, None] - x[..., None, :])


def correlation_interval(
    correlation: Correlation,
    x: Floats,
    y: Floats,
    *,
    resamples: int,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Correlation of x and y (C,) with its percentile bootstrap interval over configurations.

    Resamples in which all configurations are alike have no correlation and are left out; where they
    are alike from the start, all is nan.
    """
    values = _bootstrap(lambda rows: correlation(x[rows], y[rows]), len(x), resamples, seed)
    return _around(float(correlation(x, y)), values, len(x), level)


def difference_interval(
    first: tuple[Correlation, Floats],
    second: tuple[Correlation, Floats],
    y: Floats,
    *,
    resamples: int,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """One correlation with y (C,) less another, each with its x (C,): a paired bootstrap."""

    def difference(rows: NDArray[np.int64]) -> Floats:
        return first[0](first[1][rows], y[rows]) - second[0](second[1][rows], y[rows])

    values = _bootstrap(difference, len(y), resamples, seed)
    whole = float(difference(np.arange(len(y))))
    return _around(whole, values, len(y), level)


def permutation_p(
    correlation: Correlation, x: Floats, y: Floats, *, permutations: int, seed: int = 0
) -> float:
    """Two-sided p of the correlation of x and y (C,) when y is dealt out at random."""
    generator = stream(seed, "permutations")
    found = abs(float(correlation(x, y)))
    if not np.isfinite(found):
        return 1.0
    as_large = 0
    for start in range(0, permutations, BLOCK):
        count = min(BLOCK, permutations - start)
        dealt = generator.permuted(np.tile(y, (count, 1)), axis=1)
        values = np.abs(correlation(np.broadcast_to(x, dealt.shape), dealt))
        as_large += int((values >= found - 1e-12).sum())
    return (1 + as_large) / (1 + permutations)


def recovered(metric: Floats, accuracy: Floats) -> float:
    """(selected - worst) / (best - worst) of accuracies (C,) where the metric (C,) is largest.

    The mean over configurations that share the largest value; 1 where all accuracies are equal.
    """
    selected = float(accuracy[metric == metric.max()].mean())
    worst, best = float(accuracy.min()), float(accuracy.max())
    return (selected - worst) / (best - worst) if best > worst else 1.0


def _bootstrap(
    statistic: Callable[[NDArray[np.int64]], Floats], count: int, resamples: int, seed: int
) -> Floats:
    generator = stream(seed, "bootstrap")
    parts = [
        statistic(generator.integers(0, count, (min(BLOCK, resamples - start), count)))
        for start in range(0, resamples, BLOCK)
    ]
    values = np.concatenate(parts)
    return np.asarray(values[np.isfinite(values)])


def _around(value: float, replicates: Floats, count: int, level: float) -> Interval:
    if not np.isfinite(value):  # configurations alike in a metric or in accuracy have no ranks
        return Interval(np.nan, np.nan, np.nan, count)
    lower, upper = np.quantile(replicates, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(value, float(lower), float(upper), count)
