"""What LiDAR and RankMe must be where it is known: identities, and limits of random embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lemmata.self_supervised.metrics.lidar import discriminant_eigenvalues, lidar, scatter
from lemmata.self_supervised.metrics.population import gaussian_lidar, isotropic_lidar
from lemmata.self_supervised.metrics.rank import effective_rank, rankme
from lemmata.self_supervised.metrics.spectrum import shares_rank
from lemmata.stats import Interval, Study, evidence_table, exact
from lemmata.training.batches import stream

Floats = NDArray[np.float64]
TINY = 1e-9  # a delta that only keeps the inverse
VIEWS = 10


class Case(NamedTuple):
    """What was found and expected; exactly, or up to the noise of samples."""

    case: str
    kind: str
    found: float
    expected: float


def study(seeds: Sequence[int]) -> Study:
    """A row a seed and case: kind (identity, limit), found, expected, ratio."""
    rows = [{"seed": seed, **case._asdict()} for seed in seeds for case in _cases(seed)]
    table = pd.DataFrame(rows)
    table["ratio"] = table["found"] / table["expected"]
    return Study(table, evidence_table(_evidence(table)))


def _cases(seed: int) -> Iterator[Case]:
    yield from _identities(seed)
    yield from _limits(seed)
    yield from _appended(seed)


def _views(count: int, views: int, signal: Floats, noise: Floats, seed: int, name: str) -> Floats:
    """Embeddings (n, q, p) with variances signal (shared by views) and noise, (p,) each."""
    rng = stream(seed, name)
    own = rng.standard_normal((count, 1, len(signal))) * np.sqrt(signal)
    return own + rng.standard_normal((count, views, len(signal))) * np.sqrt(noise)


def _base(seed: int) -> Floats:
    return _views(500, VIEWS, 0.75 ** np.arange(0.0, 32.0, 2.0), np.full(16, 0.01), seed, "base")


def _identities(seed: int) -> Iterator[Case]:
    base = _base(seed)
    mapped = base @ stream(seed, "map").standard_normal((16, 16)) + 3.0
    yield Case("affine map", "identity", lidar(mapped, 0.0), lidar(base, 0.0))
    scaled = lidar(0.01 * base, 1e-4)
    yield Case("delta is absolute", "identity", scaled, lidar(base, 1.0))
    same = np.repeat(base[:, :1], VIEWS, axis=1)
    expected = effective_rank(base[:, 0])
    yield Case("equal views", "identity", lidar(same, 1e-4, eps=0.0), expected)
    yield Case("constant", "identity", lidar(np.full((50, 5, 16), 0.1)), 1.0)


def _limits(seed: int) -> Iterator[Case]:
    for n, p in ((1000, 16), (5000, 16), (2000, 64)):
        found = lidar(_views(n, VIEWS, np.ones(p), np.ones(p), seed, f"isotropic {n} {p}"))
        yield Case(f"isotropic, n = {n}, p = {p}", "limit", found, isotropic_lidar(p, n, VIEWS))
    noise = _views(1000, VIEWS, np.zeros(16), np.ones(16), seed, "noise")
    yield Case("pure noise", "limit", lidar(noise), isotropic_lidar(16, 1000, VIEWS))
    floor = float(discriminant_eigenvalues(scatter(noise), TINY).mean())
    yield Case("pure noise: floor", "limit", floor, 1 / VIEWS)
    signal = np.r_[np.ones(3), np.zeros(13)]
    for views, sd in ((10, 0.3), (50, 0.3), (10, 0.01)):
        own = np.full(16, sd**2)
        found = lidar(_views(1000, views, signal, own, seed, f"three {views} {sd}"), TINY)
        expected = gaussian_lidar(signal, own, views)
        yield Case(f"rank 3, q = {views}, noise {sd:g}", "limit", found, expected)
    shifted = 5.0 + stream(seed, "shifted").standard_normal((5000, 16))
    shares = torch.tensor([np.sqrt(1 + 25 * 16), *[1.0] * 15], dtype=torch.float64)
    yield Case("RankMe, shifted", "limit", rankme(shifted), shares_rank(shares, 1e-7))
    yield Case("RankMe, centred", "limit", rankme(shifted, centred=True), 16.0)


def _appended(seed: int) -> Iterator[Case]:
    """More dimensions beside others, independent of them: spectra side by side."""
    base = _base(seed)
    known = discriminant_eigenvalues(scatter(base), 1e-4)
    for k in (16, 64):
        fresh = stream(seed, f"fresh {k}").standard_normal((500, VIEWS, k))
        found = lidar(np.concatenate([base, fresh], axis=2))
        whole = torch.cat([known, torch.full((k,), 1 / VIEWS, dtype=torch.float64)])
        yield Case(f"{k} of fresh noise", "limit", found, shares_rank(whole, 1e-8))
    own = np.repeat(stream(seed, "own").standard_normal((500, 1, 64)), VIEWS, axis=1)
    found = lidar(np.concatenate([base, own], axis=2))
    # Without any noise of views the 64 outweigh the rest by 1 / delta.
    yield Case("64 of the sample's own", "limit", found, 64 * np.exp(-64 / (2 * 499)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    error = (table["ratio"] - 1).abs()
    by_kind = {kind: part for kind, part in error.groupby(table["kind"])}  # noqa: C416
    mean = table.groupby(["kind", "case"])["ratio"].mean()
    return {
        "max_error_of_identities": exact(by_kind["identity"].max(), len(by_kind["identity"])),
        "max_error_of_limits": exact((mean["limit"] - 1).abs().max(), len(by_kind["limit"])),
    }
