"""LiDAR (arXiv 2312.04000): the rank that a linear discriminant analysis of views leaves.

n samples are n surrogate classes; each has q views, made as the method's own training makes its
positives, the sample itself not among them. With embeddings e_ij (p,) [secondary: two accounts of
the full text]::

    1. mu_i = mean_j e_ij, mu = mean_i mu_i
    2. S_b = sum_i (mu_i - mu)(mu_i - mu)^T / (n - 1)
    3. S_w = sum_ij (e_ij - mu_i)(e_ij - mu_i)^T / (n (q - 1)) + delta I
    4. S_lidar = S_w^(-1/2) S_b S_w^(-1/2), eigenvalues l_k
    5. p_k = l_k / sum(l) + eps, LiDAR = exp(-sum_k p_k log p_k)

The paper is said not to print delta; 1e-4 is what two reimplementations take [unverified as the
paper's]. It is absolute: it weighs differently at another scale of the embeddings. E[S_b] holds
S_w / q, so directions without any signal keep eigenvalues near 1/q: a network that knows nothing
can score high [derived]. `debiased` takes S_w / q off, which is this project's own and not the
paper's. Values compare only at equal n, q, p, delta and layer.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.errors import LemmataError
from lemmata.self_supervised.metrics.spectrum import Array, centred, shares_rank, tensor

CHUNK = 1 << 18  # numbers taken to float64 at once: 2 MiB stay in the cache


class Scatter(NamedTuple):
    """What LiDAR needs of embeddings, from which it is cheap at any delta.

    means: (n, r) classes' means about their mean; within: (r, r) scatter about them, without
    delta; views: q; dimension: p. Coordinates are those of p, or, where p is above n q, of the
    r = n q dimensions that the embeddings span.
    """

    means: Tensor
    within: Tensor
    views: int
    dimension: int


def lidar(
    embeddings: Array, delta: float = 1e-4, eps: float = 1e-8, debiased: bool = False
) -> float:
    """LiDAR of embeddings (n, q, p) of q views of each of n samples; 1 for constant embeddings.

    numpy array or tensor, of any float type and on any device; float64 inside. Steps 1 to 5 are
    the module's [secondary]; debiased subtracts S_w / q from S_b and clips [ours]. Raises
    LemmataError for fewer than 2 samples or views, values that are not finite, and a delta too
    small to invert S_w.
    """
    return lidar_of(scatter(embeddings), delta, eps, debiased)


def lidar_of(found: Scatter, delta: float, eps: float = 1e-8, debiased: bool = False) -> float:
    """The same from the scatter: for several deltas of one set of embeddings."""
    return shares_rank(discriminant_eigenvalues(found, delta, debiased), eps)


def discriminant_sum(found: Scatter, delta: float) -> float:
    """Sum of the eigenvalues l_k, a relative of LiDAR that is not scale-free."""
    return float(discriminant_eigenvalues(found, delta).sum())


def discriminant_eigenvalues(found: Scatter, delta: float, debiased: bool = False) -> Tensor:
    """The eigenvalues l (p,) of S_lidar, none negative; all 0 for constant embeddings."""
    r, n = found.within.shape[0], len(found.means)
    if not bool(found.means.any()):
        return found.means.new_zeros(found.dimension)
    lower = _factor(found, delta)  # S_w = lower lower^T
    # lower^(-1) S_b lower^(-T) has the eigenvalues of S_w^(-1/2) S_b S_w^(-1/2).
    white = torch.linalg.solve_triangular(lower, found.means.T, upper=False)  # (r, n)
    if debiased:
        inner = torch.linalg.solve_triangular(lower, found.within, upper=False)
        floor = torch.linalg.solve_triangular(lower, inner.T, upper=False) / found.views
        matrix = white @ white.T / (n - 1) - (floor + floor.T) / 2
    else:
        matrix = (white @ white.T if r <= n else white.T @ white) / (n - 1)
    values = torch.linalg.eigvalsh(matrix).clamp(min=0.0)
    return torch.nn.functional.pad(values, (0, max(found.dimension - len(values), 0)))


def scatter(embeddings: Array) -> Scatter:
    """Steps 1 to 3 of LiDAR, without delta, for embeddings (n, q, p)."""
    e = tensor(embeddings, "n q p")
    n, q, p = e.shape
    if n < 2 or q < 2:
        raise LemmataError(f"LiDAR: {n} samples of {q} views; need 2 or more of each")
    if p > n * q:  # the embeddings span n q dimensions at most, and there is nothing outside
        flat = e.double().reshape(n * q, p)
        _, upper = torch.linalg.qr((flat - flat[0]).T, mode="r")  # (n q, n q)
        e = upper.T.reshape(n, q, -1)
    return _scatter(e, p)


def _scatter(e: Tensor, dimension: int) -> Scatter:
    n, q, r = e.shape
    means = torch.empty(n, r, dtype=torch.float64, device=e.device)
    within = torch.zeros(r, r, dtype=torch.float64, device=e.device)
    size = max(1, CHUNK // (q * r))
    for first in range(0, n, size):
        part = e[first : first + size].double()  # (size, q, r)
        means[first : first + size] = part.mean(dim=1)
        own = (part - means[first : first + size, None]).reshape(-1, r)
        within.addmm_(own.T, own)
    return Scatter(centred(means), within / (n * (q - 1)), q, dimension)


def _factor(found: Scatter, delta: float) -> Tensor:
    eye = torch.eye(len(found.within), dtype=torch.float64, device=found.within.device)
    lower: Tensor
    lower, failed = torch.linalg.cholesky_ex(found.within + delta * eye)
    # Views that are equal but for rounding leave a scatter that seems to have an inverse.
    rounding = 1e-13 * float(found.means.abs().max())
    if delta < 0 or int(failed) or float(lower.diagonal().min()) <= rounding:
        raise LemmataError(
            f"LiDAR: delta = {delta:g}: the scatter within classes cannot be inverted; take a"
            " larger delta"
        )
    return lower
