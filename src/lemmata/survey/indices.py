"""How much the answers on an ordered scale agree: consensus, agreement, normalised variance.

Each takes shares of the categories, lowest first, (K,) or (..., K) where it says so, that sum to 1.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def mean_stance(shares: ArrayLike) -> Floats:
    """Mean of 1..K. shares: (..., K) -> (...)."""
    p = np.asarray(shares, dtype=np.float64)
    found: Floats = p @ np.arange(1.0, p.shape[-1] + 1)
    return found


def consensus(shares: ArrayLike) -> float:
    """1 + sum p_i log2(1 - |x_i - mu| / d), d the width of the scale: 1 unanimous, 0 polar.

    Source: Tastle and Wierman (2007).
    """
    p = np.asarray(shares, dtype=np.float64)
    x = np.arange(1.0, p.size + 1)
    near = 1.0 - np.abs(x - mean_stance(p)) / (p.size - 1)
    held = p > 0.0
    return float(1.0 + p[held] @ np.log2(near[held]))


def normalised_variance(shares: ArrayLike) -> float:
    """Variance over its largest value ((K-1)/2)^2: 0 unanimous, 1 polar; 0.5 uniform on five."""
    p = np.asarray(shares, dtype=np.float64)
    x = np.arange(1.0, p.size + 1)
    return float(p @ (x - mean_stance(p)) ** 2 / ((p.size - 1) / 2.0) ** 2)


def agreement(shares: ArrayLike) -> float:
    """Agreement A in [-1, 1]: 1 unanimous, 0 uniform, -1 polar. Source: van der Eijk (2001).

    The shares are peeled into layers of equal height; each layer is a pattern of full and empty
    categories with an agreement of its own, weighted by the share that it holds.
    """
    left = np.asarray(shares, dtype=np.float64).copy()
    total, found = float(left.sum()), 0.0
    while (full := left > 1e-12).any():
        height = float(left[full].min())
        found += height * full.sum() / total * _pattern_agreement(full)
        left = np.where(full, left - height, 0.0)
    return found


def _pattern_agreement(full: NDArray[np.bool_]) -> float:
    """Agreement of one layer: unimodality, times how few categories are full."""
    categories, held = full.size, int(full.sum())
    if held == 1:
        return 1.0
    triples = [tuple(full[list(at)]) for at in combinations(range(categories), 3)]
    one_peak = sum(t in ((True, True, False), (False, True, True)) for t in triples)
    two_peaks = triples.count((True, False, True))
    if one_peak + two_peaks == 0:
        return 0.0  # every category is full
    unimodality = ((categories - 2) * one_peak - (categories - 1) * two_peaks) / (
        (categories - 2) * (one_peak + two_peaks)
    )
    return float(unimodality * (1.0 - (held - 1) / (categories - 1)))


def movement(first: ArrayLike, second: ArrayLike) -> Floats:
    """Earth mover's distance on the ordered scale over its width: 0 equal, 1 from end to end.

    first, second: (..., K) -> (...).
    """
    steps = np.cumsum(np.asarray(second, dtype=float) - np.asarray(first, dtype=float), axis=-1)
    found: Floats = np.abs(steps[..., :-1]).sum(axis=-1) / (steps.shape[-1] - 1)
    return found


def top(shares: ArrayLike) -> Floats:
    """Share of the upper end of the scale: the two highest of five, three of seven. (..., K)."""
    p = np.asarray(shares, dtype=np.float64)
    found: Floats = p[..., p.shape[-1] - p.shape[-1] // 2 :].sum(axis=-1)
    return found


def bottom(shares: ArrayLike) -> Floats:
    """Share of the lower end of the scale, as wide as the upper one. (..., K) -> (...)."""
    p = np.asarray(shares, dtype=np.float64)
    found: Floats = p[..., : p.shape[-1] // 2].sum(axis=-1)
    return found
