"""Smooth reliability diagrams: the curve, its bootstrap, and what a calibrated model would give.

Błasiok, Nakkiran, arXiv 2309.12236. At the bandwidth s of the diagram

    density d_s(t) = E[K_s(t, p)],    curve mu_s(t) = E[K_s(t, p) y] / d_s(t),

and the area between curve and diagonal, integral of |mu_s(t) - t| d_s(t), is smECE up to
sqrt(2 / pi) s [derived]. Replicates are drawn as counts per (cell, outcome), so that one costs
O(grid) whatever N is [derived]; they use a grid of 32 steps per bandwidth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from lemmata.calibration.fixed_point import Floats
from lemmata.calibration.smooth_ece import (
    Binned,
    bin_predictions,
    checked_shapes,
    checked_unit,
    cosine_coefficients,
    grid_size_for,
    integrate,
    smooth,
    solve,
    solve_refined,
)
from lemmata.errors import LemmataError

REPLICATE_NODES: Final = 32
"""Grid steps per bandwidth of replicates: splitting moves their smECE_s by < 1.2e-4 E|p - y|."""
MAX_REPLICATE_GRID: Final = 2**14
"""Cells of the grid of replicates at most."""
DENSITY_FLOOR: Final = 1e-9
"""Density below which the curve is undefined: rounding of the transform would show."""


@dataclass(frozen=True)
class ReliabilitySettings:
    """Numbers of a diagram. curve_nodes: power of two; level: of bands and intervals."""

    grid_size: int
    tolerance: float
    curve_nodes: int
    replicates: int
    null_replicates: int
    level: float
    seed: int


@dataclass(frozen=True)
class Atoms:
    """Binary predictions counted per (cell, outcome). position, y, count: (A,)."""

    position: Floats
    y: Floats
    count: NDArray[np.int64]
    grid_size: int

    @property
    def n(self) -> int:
        """Number of predictions."""
        return int(self.count.sum())


def count_atoms(p: ArrayLike, y: ArrayLike, grid_size: int) -> Atoms:
    """Count p (N,) with y (N,) in {0, 1} per cell of the grid and outcome; position: mean p.

    Raises LemmataError as `bin_predictions` does, and for another outcome than 0 or 1.
    """
    shaped_p, shaped_y = checked_shapes(p, y)
    x, outcome = checked_unit(shaped_p, "p"), checked_unit(shaped_y, "y")
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise LemmataError("y holds values between 0 and 1: resampling needs outcomes 0 or 1")
    cell = np.minimum((x * grid_size).astype(np.int64), grid_size - 1)
    index = 2 * cell + outcome.astype(np.int64)  # (N,)
    count = np.bincount(index, minlength=2 * grid_size)  # (2 M,)
    total = np.bincount(index, weights=x, minlength=2 * grid_size)
    (there,) = np.nonzero(count)
    position = np.clip(total[there] / count[there], 0.0, 1.0)
    return Atoms(position, (there % 2).astype(np.float64), count[there], grid_size)


def _binned_counts(atoms: Atoms, count: NDArray[np.int64], y_count: NDArray[np.int64]) -> Binned:
    """Node masses of replicates with `count` predictions, `y_count` of outcome 1: both (R, A)."""
    x = atoms.position * atoms.grid_size
    cell = np.minimum(x.astype(np.int64), atoms.grid_size - 1)  # (A,)
    a = x - cell
    rows = np.arange(cell.size)
    shape = (cell.size, atoms.grid_size + 1)
    split = sparse.csr_array(  # (A, M + 1)
        (np.r_[1.0 - a, a], (np.r_[rows, rows], np.r_[cell, cell + 1])), shape=shape
    )
    n = atoms.n
    masses = [
        np.asarray(weights @ split) / n
        for weights in (count * atoms.position - y_count, count, y_count)
    ]
    return Binned(n, *masses)


def bootstrap(atoms: Atoms, replicates: int, rng: np.random.Generator) -> Binned:
    """Samples of N drawn from the N predictions with replacement: node masses (R, M + 1)."""
    count = rng.multinomial(atoms.n, atoms.count / atoms.n, size=replicates)  # (R, A)
    return _binned_counts(atoms, count, count * atoms.y.astype(np.int64))


def calibrated_null(atoms: Atoms, replicates: int, rng: np.random.Generator) -> Binned:
    """The same predictions with outcomes drawn from them, y ~ Bernoulli(p): (R, M + 1)."""
    shape = (replicates, atoms.count.size)
    y_count = rng.binomial(atoms.count, atoms.position, size=shape)  # (R, A)
    return _binned_counts(atoms, np.broadcast_to(atoms.count, shape), y_count)


def curve_at(binned: Binned, bandwidth: float) -> tuple[Floats, Floats]:
    """Reliability curve mu_s and density d_s at the nodes: (..., M + 1) each.

    The curve is NaN where no prediction is near, that is, where the density is below 1e-9.
    """
    density = smooth(cosine_coefficients(binned.mass), bandwidth)  # (..., M + 1)
    label = smooth(cosine_coefficients(binned.label), bandwidth)
    near = density > DENSITY_FLOOR
    mu = np.divide(label, density, out=np.full_like(label, np.nan), where=near)
    return np.clip(mu, 0.0, 1.0), np.maximum(density, 0.0)


def weighted_area(binned: Binned, bandwidth: float) -> Floats:
    """Integral over t of |mu_s(t) - t| d_s(t): what the diagram shows as a number. (...)."""
    t = np.linspace(0.0, 1.0, binned.grid_size + 1)  # (M + 1,)
    density = smooth(cosine_coefficients(binned.mass), bandwidth)  # (..., M + 1)
    label = smooth(cosine_coefficients(binned.label), bandwidth)
    return integrate(np.abs(label - t * density))


def reliability(
    p: ArrayLike, y: ArrayLike, settings: ReliabilitySettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summary (one row) and reliability curve of binary predictions p, y (N,).

    ::

        n    mean_p  mean_y  smooth_ece  lower  upper  diagram_area  null_mean  null_upper  p_value
        400  0.51    0.50    0.071       0.038  0.092  0.069         0.043      0.066       0.02

        t     mu    lower  upper  density
        0.25  0.18  0.11   0.27   1.31

    lower, upper of smooth_ece: basic bootstrap interval as in the authors' code, which takes out
    the upward bias of resampled values; within [0, 1] and widened to hold the value. Bands of mu:
    percentiles pointwise, at the bandwidth of the curve: smooth_ece, or a step of the mesh where
    that is wider. null_*: smECE of these predictions if they were calibrated: mean, upper quantile
    at the level, and the share of null values at or above smooth_ece (one added to both).
    """
    s, binned = solve_refined(p, y, settings.grid_size, settings.tolerance)
    nodes = settings.curve_nodes
    grid_size = max(min(grid_size_for(s, REPLICATE_NODES, 2), MAX_REPLICATE_GRID), nodes)
    if grid_size % nodes:
        raise LemmataError(f"curve_nodes = {nodes}: must be a power of two")
    atoms = count_atoms(p, y, grid_size)
    tail = (1.0 - settings.level) / 2
    drawn = max(s, 1.0 / nodes)
    boot_smece, curves = _bootstrapped(atoms, drawn, settings)
    low, high = np.quantile(boot_smece, [tail, 1.0 - tail])
    null_smece = _null_smece(atoms, settings)  # (R,)
    summary = {
        "n": binned.n,
        "mean_p": float(np.mean(np.asarray(p, dtype=np.float64))),
        "mean_y": float(binned.label.sum()),
        "smooth_ece": s,
        "lower": float(np.clip(2.0 * s - high, 0.0, s)),
        "upper": float(np.clip(2.0 * s - low, s, 1.0)),
        "diagram_area": float(weighted_area(binned, s)),
        "null_mean": float(null_smece.mean()),
        "null_upper": float(np.quantile(null_smece, settings.level)),
        "p_value": float((1 + np.count_nonzero(null_smece >= s)) / (1 + null_smece.size)),
    }
    mu, density = curve_at(bin_predictions(p, y, max(grid_size, 16 * nodes)), drawn)
    curve = _curve_table(mu, density, np.quantile(curves, [tail, 1.0 - tail], axis=0))
    return pd.DataFrame([summary]), curve


def _batches(replicates: int, atoms: Atoms) -> Iterator[int]:
    """Sizes of batches that keep a batch of node masses within 32 MiB."""
    most = max(2**22 // atoms.grid_size, 1)
    for start in range(0, replicates, most):
        yield min(most, replicates - start)


def _bootstrapped(
    atoms: Atoms, bandwidth: float, settings: ReliabilitySettings
) -> tuple[Floats, Floats]:
    """SmECE (R,) and curves (R, curve_nodes + 1) of bootstrap replicates.

    A curve without a near prediction in a replicate, NaN, is drawn to the diagonal.
    """
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([settings.seed, 0])))
    t = np.linspace(0.0, 1.0, settings.curve_nodes + 1)
    stride = atoms.grid_size // settings.curve_nodes
    values, curves = [], []
    for rows in _batches(settings.replicates, atoms):
        replicate = bootstrap(atoms, rows, rng)
        values.append(solve(replicate, settings.tolerance))
        mu = curve_at(replicate, bandwidth)[0][:, ::stride]  # (rows, T)
        curves.append(np.where(np.isnan(mu), t, mu))
    return np.concatenate(values), np.concatenate(curves)


def _null_smece(atoms: Atoms, settings: ReliabilitySettings) -> Floats:
    """SmECE of replicates of the calibrated null, (R,)."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([settings.seed, 1])))
    batches = _batches(settings.null_replicates, atoms)
    return np.concatenate(
        [solve(calibrated_null(atoms, rows, rng), settings.tolerance) for rows in batches]
    )


def _curve_table(mu: Floats, density: Floats, band: Floats) -> pd.DataFrame:
    """The curve, at a finer grid, with its bands (2, T) at the T points of the mesh."""
    stride = (mu.size - 1) // (band.shape[1] - 1)
    defined = ~np.isnan(mu[::stride])
    return pd.DataFrame(
        {
            "t": np.linspace(0.0, 1.0, band.shape[1]),
            "mu": mu[::stride],
            "lower": np.where(defined, band[0], np.nan),
            "upper": np.where(defined, band[1], np.nan),
            "density": density[::stride],
        }
    )
