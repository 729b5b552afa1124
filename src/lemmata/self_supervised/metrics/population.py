"""LiDAR of Gaussian embeddings whose variances are known: what the estimate should be."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike

from lemmata.self_supervised.metrics.spectrum import shares_rank


def gaussian_lidar(
    signal: ArrayLike,
    noise: ArrayLike,
    views: int,
    delta: float = 0.0,
    debiased: bool = False,
    eps: float = 1e-8,
) -> float:
    """LiDAR for endless samples of q views with independent dimensions [derived].

    signal, noise: (p,) variances of what a sample's views share and of what each has of its own;
    the eigenvalues are (signal + noise / q) / (noise + delta), and signal / (noise + delta) where
    the floor noise / q is taken off.
    """
    s, w = np.asarray(signal, np.float64), np.asarray(noise, np.float64)
    values = (s if debiased else s + w / views) / (w + delta)
    return shares_rank(torch.from_numpy(np.atleast_1d(values)), eps)


def isotropic_lidar(dimension: int, samples: int, views: int) -> float:
    """LiDAR of p equal eigenvalues estimated from n samples of q views, p well below n [derived].

    The spread of an estimated covariance's eigenvalues, p / n, lowers the entropy by half of it:
    p exp(-(p / (n - 1) + p / (n (q - 1))) / 2), both scatters' spread added, to first order.
    """
    spread = dimension / (samples - 1) + dimension / (samples * (views - 1))
    return float(dimension * np.exp(-spread / 2))
