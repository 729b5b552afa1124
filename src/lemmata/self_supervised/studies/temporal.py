"""Slow and clean features against fast and noisy ones: estimated moments of a temporal model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lemmata.self_supervised.linear.data import (
    WORKED,
    estimated,
    temporal_parameters,
    temporal_views,
)
from lemmata.self_supervised.linear.matrix import aligned_start, amplitudes, flow
from lemmata.self_supervised.linear.scalar import OBJECTIVES, Objective
from lemmata.self_supervised.studies.five_features import SHARE, theory
from lemmata.stats import Interval, Study, evidence_table, exact
from lemmata.training.batches import stream

SLOW = {"A", "B", "C"}
LONGER = 1.5


def study(depth: int, eps: float, samples: int, points: int, seeds: Sequence[int]) -> Study:
    """Rows of two kinds, by `what`, each with objective, seed, feature, lam, rho.

    "time": theory (of the true moments) and simulated (of the estimated ones, whose off-diagonal
    entries are not 0), estimated lambda and rho; "path" (first seed): time, amplitude over its
    limit.
    """
    rows = [
        row
        for objective in OBJECTIVES
        for seed in seeds
        for row in _rows(objective, depth, eps, samples, points if seed == seeds[0] else 0, seed)
    ]
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _rows(
    objective: Objective, depth: int, eps: float, samples: int, points: int, seed: int
) -> list[dict[str, object]]:
    features = list(WORKED.values())
    lam, rho = temporal_parameters(features)
    expected, limits = theory(objective, depth, lam, rho, eps)
    moments = estimated(*temporal_views(features, samples, stream(seed, "temporal views")))
    times = np.linspace(0.0, LONGER * float(np.nanmax(expected)), max(points, 2))
    start = aligned_start(depth, len(features), eps)
    found = flow(objective, start, moments, times, SHARE * limits)
    sizes = amplitudes(found.encoders) / limits  # (T, D)
    rows: list[dict[str, object]] = []
    for k, name in enumerate(WORKED):
        own: dict[str, object] = {"objective": objective, "seed": seed, "feature": name}
        own |= {"lam": lam[k], "rho": rho[k]}
        seen = {"seen_lam": moments.yx[k, k], "seen_rho": moments.yx[k, k] / moments.xx[k, k]}
        both = {"theory": expected[k], "simulated": found.crossings[k]}
        rows.append(own | {"what": "time"} | both | seen)
        if points:
            rows += [
                own | {"what": "path", "time": t, "amplitude": a}
                for t, a in zip(times, sizes[:, k], strict=True)
            ]
    return rows


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    times = table[table["what"] == "time"]
    orders = {
        key: list(part.sort_values("simulated")["feature"])
        for key, part in times.groupby(["objective", "seed"])
    }
    jepa = [set(order[:3]) == SLOW for (name, _), order in orders.items() if name == "jepa"]
    mae = [order[:2] == ["D", "E"] for (name, _), order in orders.items() if name == "mae"]
    return {
        "seeds_where_jepa_learns_the_noisy_last": exact(float(np.mean(jepa)), len(jepa)),
        "seeds_where_mae_learns_the_noisy_first": exact(float(np.mean(mae)), len(mae)),
    }
