"""Second moments of two views: given feature by feature, by models of the data, or estimated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

from lemmata.errors import LemmataError

Floats = NDArray[np.float64]


class Moments(NamedTuple):
    """E[x x^T] and E[y x^T], each (..., D, D), of a view x and the view y predicted from it."""

    xx: Floats
    yx: Floats


class Feature(NamedTuple):
    """A latent AR(1) with an observation noise: memory g, signal and noise variances S and T."""

    memory: float
    signal: float
    noise: float


WORKED: Final = {
    "A": Feature(0.95, 1.0, 0.0),
    "B": Feature(0.95, 1.0, 0.5),
    "C": Feature(0.7, 1.5, 0.0),
    "D": Feature(0.35, 4.0, 0.0),
    "E": Feature(0.4, 3.0, 1.0),
}
"""Slow and clean to fast and noisy; D and E have the largest variance [ours]."""


def diagonal(lam: ArrayLike, rho: ArrayLike) -> Moments:
    """Moments of independent features with covariances lambda (D,) and regressions rho (D,)."""
    covariance, regression = np.asarray(lam, np.float64), np.asarray(rho, np.float64)
    if covariance.shape != regression.shape or covariance.ndim != 1 or np.any(regression <= 0):
        raise LemmataError(
            f"moments: lambda {covariance.shape}, rho {regression.shape}: need two vectors of one"
            " length, rho positive"
        )
    return Moments(np.diag(covariance / regression), np.diag(covariance))


def estimated(x: ArrayLike, y: ArrayLike) -> Moments:
    """Moments of paired samples x, y (N, D), not centred: the views' means are 0."""
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if first.shape != second.shape or first.ndim != 2 or not len(first):
        raise LemmataError(f"moments: views {first.shape} and {second.shape}: need two (N, D)")
    return Moments(first.T @ first / len(first), second.T @ first / len(first))


def gaussian_views(
    lam: Floats, rho: Floats, count: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """x and y (count, D): x_k of variance lambda_k / rho_k, y_k = rho_k x_k + noise, rho <= 1.

    Both have one variance, and E[y_k x_k] = lambda_k.
    """
    both = rng.standard_normal((count, 2 * len(lam))) @ _mixing(lam, rho).T
    return both[:, : len(lam)], both[:, len(lam) :]


def gaussian_batches(
    lam: Floats,
    rho: Floats,
    batch_size: int,
    rngs: Sequence[np.random.Generator],
    chunk: int = 2000,
) -> Iterator[Moments]:
    """Estimated moments (B, D, D) of endless fresh batches of Gaussian views, one rng a run.

    The sums of squares and products of a batch have a Wishart law, which is drawn by itself
    (Bartlett's triangle of normals and chi's): what batches of points give, for the price of one.
    """
    if batch_size < 2 * len(lam):
        raise LemmataError(f"batches: batch_size = {batch_size}: must be >= {2 * len(lam)}")
    size, mixing = 2 * len(lam), _mixing(lam, rho)
    degrees, places = batch_size - np.arange(size), range(size)
    while True:
        drawn = []
        for rng in rngs:
            triangle = np.tril(rng.standard_normal((chunk, size, size)), -1)
            triangle[:, places, places] = np.sqrt(rng.chisquare(degrees, (chunk, size)))
            root = mixing @ triangle
            drawn.append(root @ root.mT / batch_size)
        both = np.stack(drawn, axis=1)  # (chunk, B, 2D, 2D)
        half = len(lam)
        yield from map(Moments, both[..., :half, :half], both[..., half:, :half])


def _mixing(lam: Floats, rho: Floats) -> Floats:
    """The triangle (2D, 2D) that makes (x, y) of independent standard normals."""
    if np.any(rho > 1):
        raise LemmataError(f"Gaussian views: rho = {rho.max():g}: must be at most 1")
    spread = np.sqrt(lam / rho)
    own, rest = np.diag(rho * spread), np.diag(np.sqrt(1.0 - rho**2) * spread)
    return np.block([[np.diag(spread), np.zeros_like(own)], [own, rest]])


def temporal_parameters(features: Sequence[Feature]) -> tuple[Floats, Floats]:
    """lambda = g S and rho = g S / (S + T) of observations that follow each other [derived].

    View x is the observation z + sqrt(T) n at one time, y the next one.
    """
    g, s, t = np.array(features).T
    return g * s, g * s / (s + t)


def temporal_views(
    features: Sequence[Feature], count: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """x and y (count, D): pairs of successive observations along one path of each feature."""
    g, s, t = np.array(features).T
    shocks = rng.standard_normal((count + 1, len(g))) * np.sqrt((1.0 - g**2) * s)
    shocks[0] = rng.standard_normal(len(g)) * np.sqrt(s)  # from the stationary law
    latent = np.stack([lfilter([1.0], [1.0, -g[k]], shocks[:, k]) for k in range(len(g))], axis=1)
    seen = latent + np.sqrt(t) * rng.standard_normal(latent.shape)
    return seen[:-1], seen[1:]


def masked_parameters(eigenvalues: ArrayLike, kept: float, tau: float) -> tuple[Floats, Floats]:
    """lambda and rho along eigenvectors of a covariance whose diagonal is tau [derived].

    Each coordinate is kept in x with probability `kept` and, if dropped, shown in y. Directions
    with eigenvalues below tau have negative lambda: they are never learned.
    """
    e = np.asarray(eigenvalues, np.float64)
    lam = kept * (1 - kept) * (e - tau)
    return lam, lam / (kept**2 * e + kept * (1 - kept) * tau)


def masked_views(
    covariance: Floats, kept: float, count: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """x and y (count, D): complementary parts of draws of N(0, covariance), zeros elsewhere."""
    root = np.linalg.cholesky(covariance)
    whole = rng.standard_normal((count, len(covariance))) @ root.T
    mask = rng.random(whole.shape) < kept
    return whole * mask, whole * ~mask


def ring_covariance(dimension: int, length: float) -> Floats:
    """Covariance (D, D) of places on a ring, exp(-distance / length): its diagonal is 1."""
    place = np.arange(dimension)
    apart = np.abs(place[:, None] - place)
    return np.asarray(np.exp(-np.minimum(apart, dimension - apart) / length))
