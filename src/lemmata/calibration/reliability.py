"""The smooth reliability diagram: curve, density of predictions, bootstrap bands, null level.

Every replicate costs O(M), whatever the sample size: points of one grid cell and one outcome
count as one at their mean prediction, and a bootstrap sample is a multinomial over these
[derived].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.smooth_ece import (
    Binned,
    checked,
    cosine_coefficients,
    fit,
    integral,
    smoothed,
    solve,
)
from lemmata.errors import LemmataError

Array = NDArray[np.float64]
BATCH = 32  # replicates solved at a time, which bounds memory


@dataclass(frozen=True)
class ReliabilitySettings:
    """grid_size: cells M; tolerance: of SmoothECE; mesh: points of the curve; bins: of the ECE
    beside it; bootstrap, null: numbers of replicates; level: of intervals and bands; seed.
    """

    grid_size: int
    tolerance: float
    mesh: int
    bins: int
    bootstrap: int
    null: int
    level: float
    seed: int


@dataclass(frozen=True)
class Cells:
    """A binary sample as counts: all points of one grid cell and one outcome."""

    p: Array  # (K,) mean prediction
    y: Array  # (K,) outcome, 0 or 1
    count: NDArray[np.int64]  # (K,)


@dataclass(frozen=True)
class Reliability:
    """summary: one row; curve: one row per mesh point (t, mu, density, lower, upper)."""

    summary: dict[str, float]
    curve: pd.DataFrame


def reliability(p: ArrayLike, y: ArrayLike, settings: ReliabilitySettings) -> Reliability:
    """SmoothECE with its interval and null level, and the smooth reliability curve with bands.

    p: (N,) in [0, 1]; y: (N,) of 0 and 1. The interval is the basic bootstrap's, [2 v - q_high,
    2 v - q_low], clipped at 0, as in the authors' package [official code]; bands are percentiles of
    replicates smoothed at the sample's own bandwidth. The null level is the mean and the 95th
    percentile of SmoothECE when labels are drawn from the predictions themselves: a value below
    the percentile cannot be told from perfect calibration.
    """
    p, y = checked(p, y)
    binned, value = fit(p, y, settings.grid_size, settings.tolerance)
    cells = count_cells(p, y, binned.grid_size)
    streams = np.random.SeedSequence(settings.seed).spawn(2)
    resampled = bootstrap_counts(cells, settings.bootstrap, streams[0])
    tail = 0.5 * (1.0 - settings.level)
    values, curves = [], []
    nodes = mesh_nodes(binned.grid_size, settings.mesh)
    for batch in np.array_split(resampled, -(-settings.bootstrap // BATCH)):
        replicate = rebin(cells, batch, binned.grid_size)
        values.append(solve(replicate, settings.tolerance))
        curves.append(curve_at(replicate, value)[0][:, nodes])
    low, high = np.quantile(np.concatenate(values), [tail, 1.0 - tail])
    lower, upper = np.quantile(np.concatenate(curves), [tail, 1.0 - tail], axis=0)
    null = null_values(cells, binned.grid_size, settings.null, settings.tolerance, streams[1])
    mu, density = curve_at(binned, value)
    t = np.linspace(0.0, 1.0, binned.grid_size + 1)
    summary = {
        "n": float(p.size),
        "mean_p": float(p.mean()),
        "mean_y": float(y.mean()),
        "smooth_ece": value,
        "lower": max(2.0 * value - high, 0.0),
        "upper": max(2.0 * value - low, 0.0),
        "null_mean": float(null.mean()),
        "null_95": float(np.quantile(null, 0.95)),
        "diagram_area": diagram_area(binned, value),
        "binned_ece": binned_ece(p, y, settings.bins),
    }
    curve = pd.DataFrame(
        {"t": t[nodes], "mu": mu[nodes], "density": density[nodes], "lower": lower, "upper": upper}
    )
    return Reliability(summary, curve)


def curve_at(binned: Binned, bandwidth: Array | float) -> tuple[Array, Array]:
    """mu_s = E[K_s y] / E[K_s] and the density d_s = E[K_s] on the grid, (..., M + 1) each.

    Far from every prediction the density underflows; there mu falls back to the diagonal's
    nearest defined value and weighs nothing.
    """
    density = smoothed(cosine_coefficients(binned.mass), bandwidth)
    label = smoothed(cosine_coefficients(binned.label), bandwidth)
    floor = 1e-9 * density.max(axis=-1, keepdims=True)  # rounding of the transform
    defined = density > floor
    mu = np.clip(np.divide(label, density, out=np.zeros_like(label), where=defined), 0.0, 1.0)
    t = np.linspace(0.0, 1.0, density.shape[-1])
    return np.where(defined, mu, t), np.maximum(density, 0.0)


def diagram_area(binned: Binned, bandwidth: float) -> float:
    """Area between curve and diagonal, weighted by the density: what the diagram shows."""
    mu, density = curve_at(binned, bandwidth)
    t = np.linspace(0.0, 1.0, density.shape[-1])
    return float(integral(np.abs(mu - t) * density))


def mesh_nodes(grid_size: int, mesh: int) -> NDArray[np.int64]:
    """Grid nodes nearest to `mesh` even points of [0, 1], both ends among them."""
    return np.rint(np.linspace(0, grid_size, mesh)).astype(np.int64)


def count_cells(p: Array, y: Array, grid_size: int) -> Cells:
    """Count the points of each (cell, outcome); raises LemmataError unless y is 0 or 1."""
    if not np.isin(y, (0.0, 1.0)).all():
        raise LemmataError("y must be 0 or 1: the bootstrap counts outcomes")
    cell = np.minimum((p * grid_size).astype(np.int64), grid_size - 1)
    key = 2 * cell + y.astype(np.int64)  # (N,)
    count = np.bincount(key, minlength=2 * grid_size)
    total = np.bincount(key, p, minlength=2 * grid_size)
    filled = np.flatnonzero(count)  # (K,)
    return Cells(total[filled] / count[filled], (filled % 2).astype(np.float64), count[filled])


def bootstrap_counts(
    cells: Cells, replicates: int, seed: np.random.SeedSequence
) -> NDArray[np.int64]:
    """Counts of `replicates` bootstrap samples, (R, K): multinomial draws over the cells."""
    n = int(cells.count.sum())
    generator = np.random.Generator(np.random.Philox(seed))
    return generator.multinomial(n, cells.count / n, size=replicates)


def rebin(cells: Cells, count: NDArray[np.int64], grid_size: int) -> Binned:
    """The node masses of replicates given by their counts (R, K)."""
    position = cells.p * grid_size  # (K,)
    left = np.minimum(position.astype(np.int64), grid_size - 1)
    share = position - left
    rows = np.concatenate([left, left + 1])
    columns = np.tile(np.arange(cells.p.size), 2)
    shape = (grid_size + 1, cells.p.size)
    split = scipy.sparse.csr_array((np.concatenate([1 - share, share]), (rows, columns)), shape)
    weight = count / count.sum(axis=1, keepdims=True)  # (R, K)
    masses = [
        np.ascontiguousarray((split @ (weight * factor).T).T)
        for factor in (cells.p - cells.y, cells.y, np.ones_like(cells.p))
    ]
    return Binned(*masses)


def null_values(
    cells: Cells, grid_size: int, replicates: int, tolerance: float, seed: np.random.SeedSequence
) -> Array:
    """SmoothECE of `replicates` samples whose labels are drawn from the predictions, (R,).

    A cell's number of ones is Binomial(count, mean prediction) [derived].
    """
    generator = np.random.Generator(np.random.Philox(seed))
    both = Cells(np.tile(cells.p, 2), np.repeat([1.0, 0.0], cells.p.size), np.tile(cells.count, 2))
    values = []
    for start in range(0, replicates, BATCH):
        rows = min(BATCH, replicates - start)
        ones = generator.binomial(cells.count, cells.p, size=(rows, cells.p.size))  # (R, K)
        counts = np.concatenate([ones, cells.count - ones], axis=1)  # (R, 2 K)
        values.append(solve(rebin(both, counts, grid_size), tolerance))
    return np.concatenate(values)
