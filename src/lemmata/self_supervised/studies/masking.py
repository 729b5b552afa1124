"""Masked views of correlated coordinates: which directions either objective learns, and when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.self_supervised.linear.data import (
    Moments,
    diagonal,
    estimated,
    masked_parameters,
    masked_views,
    ring_covariance,
)
from lemmata.self_supervised.linear.matrix import aligned_start, amplitudes, flow
from lemmata.self_supervised.linear.scalar import OBJECTIVES, Objective
from lemmata.self_supervised.studies.five_features import SHARE, order, theory
from lemmata.stats import Interval, Study, evidence_table, exact
from lemmata.training.batches import stream

Floats = NDArray[np.float64]
LONGER = 2.0
"""Flows run this many times as long as the last direction takes that is learned at all."""


def study(
    dimension: int,
    length: float,
    kept: float,
    depth: int,
    eps: float,
    samples: int,
    seeds: Sequence[int],
) -> Study:
    """A row an objective, source of the moments, seed and eigenvector of a ring's covariance.

    source: "true" or "estimated" from samples; direction: from the largest eigenvalue; eigenvalue,
    lam and rho of the theory; seen_lam and seen_rho of the moments; theory and simulated critical
    times, none below average variance; share: amplitude at the end over the limit that |rho| has.
    """
    spread, axes = (part[..., ::-1] for part in np.linalg.eigh(ring_covariance(dimension, length)))
    lam, rho = masked_parameters(spread, kept, 1.0)
    sources = [("true", 0, Moments(diagonal(abs(lam), abs(rho)).xx, np.diag(lam)))]
    for seed in seeds:
        views = masked_views(axes * spread @ axes.T, kept, samples, stream(seed, "masked views"))
        seen = (axes.T @ moment @ axes for moment in estimated(*views))
        sources.append(("estimated", seed, Moments(*seen)))
    table = pd.concat(
        [
            _rows(objective, depth, eps, lam, rho, moments).assign(
                source=source, seed=seed, eigenvalue=spread
            )
            for source, seed, moments in sources
            for objective in OBJECTIVES
        ],
        ignore_index=True,
    )
    return Study(table, evidence_table(_evidence(table)))


def _rows(
    objective: Objective, depth: int, eps: float, lam: Floats, rho: Floats, moments: Moments
) -> pd.DataFrame:
    expected, limits = theory(objective, depth, abs(lam), abs(rho), eps)
    expected[lam <= 0] = np.nan
    times = np.array([0.0, LONGER * float(np.nanmax(expected))])
    levels = np.where(np.isfinite(expected), SHARE * limits, np.nan)
    found = flow(objective, aligned_start(depth, len(lam), eps), moments, times, levels)
    covariance = np.diag(moments.yx)
    return pd.DataFrame(
        {
            "objective": objective,
            "direction": range(len(lam)),
            "lam": lam,
            "rho": rho,
            "seen_lam": covariance,
            "seen_rho": covariance / np.diag(moments.xx),
            "theory": expected,
            "simulated": found.crossings,
            "share": amplitudes(found.encoders[-1]) / limits,
        }
    )


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    error = (table["seen_lam"] - table["lam"]).abs()
    below = table[table["lam"] < 0].set_index(["source", "objective"])["share"]
    times = table[table["theory"].notna()]
    orders = []
    for _, part in times[times["source"] == "true"].groupby("objective"):
        # A ring's eigenvalues come in pairs, which are learned together.
        pairs = part.groupby(part["eigenvalue"].round(6))["simulated"].mean()
        orders.append(order(pairs, pairs.index.to_series()))
    found = {
        "max_error_of_masked_lambda": exact(error.max(), len(error)),
        "max_order_by_eigenvalue": exact(max(orders), len(orders)),
        "max_share_below_average_with_true_moments": exact(below["true"].max(), len(below["true"])),
    }
    for objective in OBJECTIVES:
        share = below["estimated", objective]
        found[f"max_share_below_average_of_{objective}"] = exact(share.max(), len(share))
    return found
