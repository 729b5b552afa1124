"""Errors of cumulative sums, by group, in units of their noise: a measure that knows group sizes.

Arrieta-Ibarra, Gujral, Tannen, Tygert, Xu, "Metrics of calibration for probabilistic predictions"
(2022): ECCE is the range of the cumulative sum of y - p in the order of p, over N. Under
calibration it is about sigma = sqrt(sum of p (1 - p)) / N times the range of a Brownian motion,
whatever N. MCGrad (arXiv 2509.19884) takes the largest ECCE / sigma over groups, times the sigma of
all rows [official docs].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from lemmata.calibration.multicalibration.inputs import Floats, checked_inputs

TERMS: Final = 400
"""Of the series of the range; enough for ranges of 0.05 and more, below which the CDF is 0."""
LEAST_RANGE: Final = 0.05


@dataclass(frozen=True)
class CumulativeError:
    """The worst of several groups.

    value: in probability units; sigmas: in standard deviations; group: its column; p_value: that of
    the worst group times the number of groups (Bonferroni), at most 1.
    """

    value: float
    sigmas: float
    group: int
    p_value: float


def cumulative_errors(p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> tuple[Floats, Floats]:
    """ECCE and its sigma of each group: p (N,), y (N,), groups (N, G) -> (G,), (G,).

    Tied predictions count as one step: their order means nothing [derived]. Raises LemmataError for
    bad input.
    """
    x, outcome, flags = checked_inputs(p, y, groups)
    order = np.argsort(x, kind="stable")
    residual = (outcome - x)[order]  # (N,)
    x, member = x[order], flags[order]
    sums = np.cumsum(residual[:, None] * member, axis=0)  # (N, G)
    ends = np.append(x[1:] != x[:-1], True)  # the last of tied predictions
    walks = sums[ends]
    span = np.maximum(walks.max(axis=0), 0.0) - np.minimum(walks.min(axis=0), 0.0)  # (G,)
    count = flags.sum(axis=0)
    sigma = np.sqrt((x * (1.0 - x)) @ member) / count
    return span / count, sigma


def max_cumulative_error(p: ArrayLike, y: ArrayLike, groups: ArrayLike) -> CumulativeError:
    """The group with the largest ECCE / sigma; raises LemmataError for bad input.

    Predictions that are all 0 or 1 have no noise: right ones count 0 sigmas, wrong ones infinitely
    many, with the value of their ECCE.
    """
    x, outcome, flags = checked_inputs(p, y, groups)
    ecce, sigma = cumulative_errors(x, outcome, flags)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigmas = np.where(ecce == 0.0, 0.0, ecce / sigma)  # (G,)
    worst = int(sigmas.argmax())
    total = float(np.sqrt(np.sum(x * (1.0 - x))) / len(x))
    endless = not np.isfinite(sigmas[worst])
    value = float(ecce[~np.isfinite(sigmas)].max()) if endless else float(sigmas[worst] * total)
    p_value = min(1.0, len(sigmas) * float(range_survival(sigmas[worst])))
    return CumulativeError(value, float(sigmas[worst]), worst, p_value)


def range_survival(r: ArrayLike) -> Floats:
    """P(range of a Brownian motion on [0, 1] > r): 8 sum over k of (-1)^(k-1) k (1 - Phi(k r)).

    The integral of the density 8 sum (-1)^(k-1) k^2 phi(k r) of Feller, "The asymptotic
    distribution of the range of sums of independent random variables" (1951). r: (...) -> (...).
    """
    x = np.asarray(r, dtype=np.float64)
    k = np.arange(1, TERMS + 1)
    terms = (-1.0) ** (k - 1) * k * ndtr(-k * np.maximum(x, LEAST_RANGE)[..., None])
    return np.where(x < LEAST_RANGE, 1.0, np.clip(8.0 * terms.sum(axis=-1), 0.0, 1.0))
