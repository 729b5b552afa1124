"""Estimates with intervals: what an analysis writes as evidence and a claim is judged by.

scipy.stats takes longer to load than most studies run, so it is imported where nothing else serves.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from lemmata.errors import LemmataError

Statistic = Callable[..., Any]


class Interval(NamedTuple):
    """A value with its interval. n: how many seeds, cases or samples it rests on."""

    value: float
    lower: float
    upper: float
    n: int


class Study(NamedTuple):
    """table: the numbers behind the figure; evidence: statistic, value, lower, upper, n."""

    table: pd.DataFrame
    evidence: pd.DataFrame


def exact(value: float, n: int) -> Interval:
    """A number without sampling error, such as a maximum over n listed cases."""
    return Interval(float(value), float(value), float(value), n)


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of independent values with Student's t interval. values: (S,) with S >= 2."""
    x = _checked(values, "mean_interval", least=2)
    mean = float(x.mean())
    half = float(stdtrit(x.size - 1, 0.5 + level / 2) * x.std(ddof=1) / np.sqrt(x.size))
    return Interval(mean, mean - half, mean + half, x.size)


def quantile_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Median of replicates with their central `level` range. values: (R,), e.g. of a bootstrap."""
    x = _checked(values, "quantile_interval", least=2)
    lower, median, upper = np.quantile(x, [0.5 - level / 2, 0.5, 0.5 + level / 2])
    return Interval(float(median), float(lower), float(upper), x.size)


def bootstrap_interval(
    values: ArrayLike,
    statistic: Statistic = np.mean,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval:
    """`statistic` of independent values with its bias-corrected, accelerated bootstrap interval.

    values: (S,) with S >= 3; statistic(x, axis=...) reduces an axis, as NumPy's do. The interval is
    one point where all values are equal. Source: Efron (1987), as scipy.stats.bootstrap has it.
    """
    from scipy import stats

    x = _checked(values, "bootstrap_interval", least=3)
    value = float(statistic(x, axis=-1))
    if np.ptp(x) == 0.0:  # BCa divides by the spread
        return exact(value, x.size)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # told below, in our words
        found = stats.bootstrap(
            (x,),
            statistic,
            confidence_level=level,
            n_resamples=resamples,
            method="BCa",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    if not np.isfinite([found.low, found.high]).all():
        raise LemmataError("bootstrap_interval: the statistic hardly varies between resamples")
    return Interval(value, float(found.low), float(found.high), x.size)


def slope_interval(x: ArrayLike, y: ArrayLike, level: float = 0.95) -> Interval:
    """Least-squares slope of y on x with Student's t interval. x, y: (N,) with N >= 3.

    The exponent of a power law is the slope of log y on log x.
    """
    from scipy.stats import linregress

    xs = _checked(x, "slope_interval", least=3)
    ys = _checked(y, "slope_interval", least=3)
    if xs.size != ys.size or np.ptp(xs) == 0.0:
        raise LemmataError("slope_interval: x and y must be equally long and x must vary")
    fit = linregress(xs, ys)
    # linregress has its standard error from 1 - r^2, which on a near-perfect line is all rounding.
    residuals = ys - fit.intercept - fit.slope * xs
    spread = np.linalg.norm(residuals) / np.linalg.norm(xs - xs.mean())
    half = float(stdtrit(xs.size - 2, 0.5 + level / 2) * spread / np.sqrt(xs.size - 2))
    value = float(fit.slope)
    return Interval(value, value - half, value + half, xs.size)


def worst(intervals: Iterable[Interval], *, largest: bool = True) -> Interval:
    """The extreme of several intervals, bound by bound: a claim about all cases must bear it."""
    items = list(intervals)
    pick = max if largest else min
    value, lower, upper = (pick(getattr(i, field) for i in items) for field in Interval._fields[:3])
    return Interval(value, lower, upper, sum(i.n for i in items))


def evidence_table(statistics: Mapping[str, Interval]) -> pd.DataFrame:
    """The evidence table that claims are judged by: one row per named statistic.

    ::

        statistic      value   lower   upper   n
        log_log_slope  -0.337  -0.343  -0.331  140
    """
    rows = [(name, *interval) for name, interval in statistics.items()]
    frame = pd.DataFrame(rows, columns=["statistic", *Interval._fields])
    return frame.astype({"value": "float64", "lower": "float64", "upper": "float64", "n": "int64"})


def _checked(values: ArrayLike, name: str, least: int) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or x.size < least:
        raise LemmataError(f"{name}: values of shape {x.shape}; needs one axis of {least} or more")
    if not np.isfinite(x).all():
        raise LemmataError(f"{name}: {int((~np.isfinite(x)).sum())} values are not finite")
    return x
