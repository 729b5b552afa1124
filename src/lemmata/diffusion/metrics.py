"""Distances between samples: energy, sliced Wasserstein, Frechet; and from a training set."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor

from lemmata.errors import LemmataError

Floats = NDArray[np.float64]


def energy_distance(first: Tensor, second: Tensor) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| without bias: pairs of a sample with itself left out.

    first: (N, D), second: (M, D), both of 2 or more. About 0, of either sign, for equal laws.
    """
    _check(first, second, least=2)
    x, y = first.double(), second.double()
    n, m = len(x), len(y)
    between = torch.cdist(x, y).mean()
    within_x = torch.pdist(x).sum() * 2 / (n * (n - 1))
    within_y = torch.pdist(y).sum() * 2 / (m * (m - 1))
    return float(2 * between - within_x - within_y)


def wasserstein_1d(sample: Tensor, quantiles: Tensor) -> float:
    """W1 of a sample (N,) to a law given by N quantiles at (i + 1/2) / N, in order."""
    _check(sample[:, None], quantiles[:, None], least=1)
    if len(sample) != len(quantiles):
        raise LemmataError(f"wasserstein_1d: {len(sample)} points, {len(quantiles)} quantiles")
    return float((sample.double().sort().values - quantiles.double()).abs().mean())


def sliced_wasserstein(
    first: Tensor, second: Tensor, generator: torch.Generator, directions: int = 128
) -> float:
    """Mean W1 over random directions of two samples (N, D) of one size."""
    _check(first, second, least=1)
    if len(first) != len(second):
        raise LemmataError(f"sliced_wasserstein: {len(first)} and {len(second)} points")
    way = torch.randn(first.shape[1], directions, generator=generator, dtype=torch.float64)
    way = way / way.norm(dim=0)
    x, y = (s.double() @ way for s in (first, second))  # (N, directions)
    return float((x.sort(dim=0).values - y.sort(dim=0).values).abs().mean())


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of features (N, D), (M, D) (arXiv 1706.08500)."""
    _check(first, second, least=2)
    x, y = first.double().numpy(), second.double().numpy()
    gap = x.mean(axis=0) - y.mean(axis=0)
    c1, c2 = (np.atleast_2d(np.cov(s, rowvar=False)) for s in (x, y))
    # tr (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C1^(1/2) C2 C1^(1/2).
    spread, axes = scipy.linalg.eigh(c1)
    half = axes * np.sqrt(spread.clip(min=0.0))  # (D, D): half @ half.T = C1
    eigenvalues = scipy.linalg.eigvalsh(half.T @ c2 @ half).clip(min=0.0)
    return float(gap @ gap + np.trace(c1) + np.trace(c2) - 2 * np.sqrt(eigenvalues).sum())


def nearest_distance(points: Tensor, known: Tensor) -> Tensor:
    """Distance (N,) of each point (N, D) to the nearest of the known ones (M, D)."""
    _check(points, known, least=1)
    parts, there = torch.split(points.double(), 1000), known.double()
    return torch.cat([torch.cdist(part, there).min(dim=1).values for part in parts])


def _check(first: Tensor, second: Tensor, least: int) -> None:
    shapes = f"{tuple(first.shape)} and {tuple(second.shape)}"
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise LemmataError(f"distance of samples: shapes {shapes}; need (N, D) and (M, D)")
    if min(len(first), len(second)) < least:
        raise LemmataError(f"distance of samples: shapes {shapes}; need {least} or more of each")
    if not bool(torch.isfinite(first).all()) or not bool(torch.isfinite(second).all()):
        raise LemmataError("distance of samples: not all values are finite")
