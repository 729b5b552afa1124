"""Critical times: closed form, quadrature, matrix flow, and the divergent terms for eps -> 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lemmata.self_supervised.linear.data import diagonal
from lemmata.self_supervised.linear.matrix import aligned_start, flow
from lemmata.self_supervised.linear.scalar import (
    OBJECTIVES,
    Objective,
    asymptotic_time,
    critical_time_by_quadrature,
    layer_scale,
)
from lemmata.self_supervised.studies.five_features import SHARE, theory
from lemmata.stats import Interval, Study, evidence_table, exact

SMALL = 0.1
"""The divergent terms are asked to be near where s0 is at most this share of rho."""


def study(
    depths: Sequence[int], eps: Sequence[float], rhos: Sequence[float], simulated_from: float
) -> Study:
    """A row an objective, depth, eps and rho, at lambda = 1: closed, quadrature, asymptotic, flow.

    flow: by the matrix flow of all rho at once, for eps from `simulated_from` on, else nan. Cases
    that start too near to half of their limit have no time and no row.
    """
    rows: list[dict[str, object]] = []
    for objective in OBJECTIVES:
        for depth in depths:
            for e in eps:
                rows += _rows(objective, depth, e, np.array(rhos), e >= simulated_from)
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _rows(
    objective: Objective, depth: int, eps: float, rhos: np.ndarray, simulate: bool
) -> list[dict[str, object]]:
    lam = np.ones(len(rhos))
    closed, limits = theory(objective, depth, lam, rhos, eps)
    known = np.isfinite(closed)
    simulated = np.full(len(rhos), np.nan)
    if simulate and known.any():
        times = np.array([0.0, 1.05 * closed[known].max()])
        start = aligned_start(depth, int(known.sum()), eps)
        moments = diagonal(lam[known], rhos[known])
        found = flow(objective, start, moments, times, SHARE * limits[known])
        simulated[known] = found.crossings
    return [
        {
            "objective": objective,
            "depth": depth,
            "eps": eps,
            "rho": rhos[k],
            "scale": layer_scale(depth, eps),
            "closed": closed[k],
            "quadrature": critical_time_by_quadrature(objective, depth, 1.0, rhos[k], eps),
            "asymptotic": asymptotic_time(objective, depth, 1.0, rhos[k], eps),
            "flow": simulated[k],
        }
        for k in np.flatnonzero(known)
    ]


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    error = (table["closed"] / table["quadrature"] - 1).abs()
    jepa = table[(table["objective"] == "jepa") & (table["scale"] <= SMALL * table["rho"])]
    jepa = jepa[jepa["depth"] >= 2]
    mae = table[table["objective"] == "mae"]
    relative = (jepa["asymptotic"] / jepa["closed"] - 1).abs()
    absolute = (mae["asymptotic"] - mae["closed"]).abs()
    return {
        "max_error_of_closed_times": exact(error.max(), len(error)),
        "max_error_of_jepa_asymptotics": exact(relative.max(), len(relative)),
        "max_gap_of_mae_asymptotics": exact(absolute.max(), len(absolute)),
    }
