"""The order in which features are learned: matrix flows of both objectives, by depth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from lemmata.self_supervised.linear.data import diagonal
from lemmata.self_supervised.linear.matrix import aligned_start, amplitudes, flow
from lemmata.self_supervised.linear.scalar import OBJECTIVES, Objective, amplitude, critical_time
from lemmata.self_supervised.studies.five_features import (
    LAMBDA,
    RHO,
    SHARE,
    features,
    order,
    theory,
)
from lemmata.stats import Interval, Study, evidence_table, exact

LONGER: Final = 3.0
"""Flows run this many times as long as the last feature takes."""
DEEP: Final = 5
"""The depth at which the claims ask for the order by rho."""
PATHS: Final = 1.2
"""Paths are shown until this many times the last critical time."""


def study(depths: Sequence[int], eps: float, points: int) -> Study:
    """Rows of three kinds, by `what`, each with objective, depth, rho.

    "time": data, feature, lam, theory and simulated critical times, the amplitude at the end, its
    limit, and the largest entry off the diagonal on the way; "path": data, feature, lam, time,
    amplitude over its limit, simulated and closed; "ratio": at lambda = 1, the critical time over
    that of the largest rho, closed form.
    """
    rows: list[dict[str, object]] = []
    for objective in OBJECTIVES:
        for depth in depths:
            rows += _ratios(objective, depth, eps)
            for data in LAMBDA:
                rows += _flow_rows(data, objective, depth, eps, points)
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _ratios(objective: Objective, depth: int, eps: float) -> list[dict[str, object]]:
    rhos = np.linspace(min(RHO), max(RHO), 26)
    own: dict[str, object] = {"what": "ratio", "objective": objective, "depth": depth}
    first = critical_time(objective, depth, 1.0, max(RHO), eps)
    times = [critical_time(objective, depth, 1.0, r, eps) for r in rhos]
    return [own | {"rho": r, "ratio": t / first} for r, t in zip(rhos, times, strict=True)]


def _flow_rows(
    data: str, objective: Objective, depth: int, eps: float, points: int
) -> list[dict[str, object]]:
    lam, rho = features(data)
    expected, limit = theory(objective, depth, lam, rho, eps)
    last = float(np.nanmax(expected))
    first = 0.6 * float(np.nanmin(expected))
    times = np.r_[0.0, np.linspace(first, PATHS * last, points), LONGER * last]
    start = aligned_start(depth, len(rho), eps)
    found = flow(objective, start, diagonal(lam, rho), times, SHARE * limit)
    sizes = amplitudes(found.encoders)  # (T, D)
    off = np.abs(found.encoders * (1 - np.eye(len(rho)))).max()
    rows: list[dict[str, object]] = []
    for k in range(len(rho)):
        own: dict[str, object] = {"data": data, "objective": objective, "depth": depth}
        own |= {"feature": k, "lam": lam[k], "rho": rho[k]}
        rows.append(
            own
            | {"what": "time", "theory": expected[k], "simulated": found.crossings[k]}
            | {"amplitude": sizes[-1, k], "limit": limit[k], "off_diagonal": off}
        )
        closed = amplitude(objective, times[:-1], depth, lam[k], rho[k], eps)
        rows += [
            own | {"what": "path", "time": t, "amplitude": a / limit[k], "closed": c / limit[k]}
            for t, a, c in zip(times[:-1], sizes[:-1, k], closed, strict=True)
        ]
    return rows


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    times = table[table["what"] == "time"]
    paths = table[table["what"] == "path"]
    flows = {key: part for key, part in times.groupby(["data", "objective", "depth"])}  # noqa: C416
    depths = sorted(times["depth"].unique())
    error = (times["simulated"] / times["theory"] - 1).abs()
    settled = (times["amplitude"] / times["limit"] - 1).abs()

    def of(data: str, objective: str, depth: int, by: str) -> float:
        own = flows[data, objective, depth]
        return order(own["simulated"], own[by])

    def ratio(objective: str, depth: int) -> float:
        own = flows["equal", objective, depth]["simulated"].to_numpy()
        return float(own[-1] / own[0])

    jepa = [ratio("jepa", depth) for depth in depths]
    mae = {depth: abs(ratio("mae", depth) - 1) for depth in depths}
    deep = [gap for depth, gap in mae.items() if depth >= 3]
    shallow = [depth for depth in depths if depth <= 2]
    by_rho = [of("equal", "jepa", depth, "rho") for depth in depths]
    by_lambda = [of("reversed", "mae", depth, "lam") for depth in depths]
    flat = [of("reversed", "jepa", depth, "lam") for depth in shallow]
    return {
        "max_error_of_flow_times": exact(error.max(), len(error)),
        "max_error_of_paths": exact((paths["amplitude"] - paths["closed"]).abs().max(), len(paths)),
        "max_off_diagonal": exact(times["off_diagonal"].max(), len(flows)),
        "max_error_of_limits": exact(settled.max(), len(settled)),
        "max_order_by_rho_at_equal_lambda": exact(max(by_rho), len(depths)),
        "min_growth_of_jepa_ratio": exact(np.diff(jepa).min(), len(depths) - 1),
        "deep_jepa_ratio": exact(ratio("jepa", DEEP), 1),
        "max_gap_of_mae_ratio": exact(max(mae.values()), len(depths)),
        "max_gap_of_deep_mae_ratio": exact(max(deep), len(deep)),
        "max_order_of_mae_by_lambda": exact(max(by_lambda), len(depths)),
        "max_order_of_shallow_jepa_by_lambda": exact(max(flat), len(shallow)),
        "order_of_deep_jepa_by_rho": exact(of("reversed", "jepa", DEEP, "rho"), 1),
    }
