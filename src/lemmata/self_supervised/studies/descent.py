"""Plain gradient descent on the moments: how near its critical times are to the flow's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lemmata.self_supervised.linear.data import diagonal
from lemmata.self_supervised.linear.descent import batch, critical_steps, descend
from lemmata.self_supervised.linear.matrix import aligned_start, rotated_start
from lemmata.self_supervised.linear.scalar import OBJECTIVES, Objective
from lemmata.self_supervised.studies.five_features import SHARE, features, theory
from lemmata.stats import Study, evidence_table, exact
from lemmata.training.batches import stream
from lemmata.training.device import Device, select

Floats = NDArray[np.float64]
LONGER = 1.1
"""Descent stops this many times the steps that the last feature should take."""


class Run(NamedTuple):
    """One descent. seed: of the rotation of its start; none for the identity."""

    depth: int
    eps: float
    learning_rate: float
    seed: int | None


def study(
    count: int, grids: Sequence[Mapping[str, Any]], device: Device, threads: int, gpus: int = 0
) -> Study:
    """A row a run and feature: theory, simulated, ratio. Data: lambda grows while rho falls.

    grids: each objective, depths, eps, learning_rate, seeds: every combination is a run, without
    rotation where there are no seeds. All runs of an objective are one batch. count: features.
    On a GPU computes with tensors, else with arrays, which for small matrices are faster.
    """
    found = select(device, "float32", threads, gpus).device  # the matrices are float64 anyway
    place = found if found.type == "cuda" else None
    table = pd.DataFrame(
        [row for name in OBJECTIVES for row in _rows(name, list(_runs(grids, name)), count, place)]
    )
    table["ratio"] = table["simulated"] / table["theory"]
    error = (table["ratio"] - 1).abs()
    error = error[table["theory"].notna()]
    return Study(table, evidence_table({"max_error_of_descent": exact(error.max(), len(error))}))


def _runs(grids: Sequence[Mapping[str, Any]], objective: Objective) -> Iterator[Run]:
    for grid in grids:
        if grid["objective"] == objective:
            for depth in grid["depths"]:
                for eps in grid["eps"]:
                    for seed in grid["seeds"] or [None]:
                        yield Run(depth, eps, grid["learning_rate"], seed)


def _rows(
    objective: Objective, runs: Sequence[Run], count: int, device: torch.device | None
) -> list[dict[str, object]]:
    if not runs:
        return []
    lam, rho = features("reversed", count)
    known = [theory(objective, run.depth, lam, rho, run.eps) for run in runs]
    times, limits = (np.stack(part) for part in zip(*known, strict=True))  # (B, D)
    rates = np.array([run.learning_rate for run in runs])
    states = descend(
        objective,
        batch([_start(objective, run, count) for run in runs], list(rates)),
        repeat(diagonal(lam, rho)),
        device,
    )
    most = int(LONGER * np.nanmax(times / rates[:, None]))
    levels = np.where(np.isfinite(times), SHARE * limits, np.nan)
    found = critical_steps(states, levels, most) * rates[:, None]
    return [
        {"objective": objective, **run._asdict(), "seed": -1 if run.seed is None else run.seed}
        | {"feature": k, "lam": lam[k], "rho": rho[k]}
        | {"theory": times[b, k], "simulated": found[b, k]}
        for b, run in enumerate(runs)
        for k in range(count)
    ]


def _start(objective: Objective, run: Run, count: int) -> Floats:
    if run.seed is None:
        return aligned_start(run.depth, count, run.eps)
    rng = stream(run.seed, "rotated start")
    return rotated_start(objective, run.depth, count, run.eps, rng)
