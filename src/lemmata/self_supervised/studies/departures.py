"""Where the scalar theory ends: other starts, sampled moments, rounding, and small batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.self_supervised.linear.data import (
    Moments,
    diagonal,
    estimated,
    gaussian_batches,
    gaussian_views,
)
from lemmata.self_supervised.linear.descent import batch, descend
from lemmata.self_supervised.linear.matrix import (
    aligned_start,
    amplitudes,
    flow,
    gaussian_start,
    random_start,
    rotated_start,
    unit_decoder_start,
)
from lemmata.self_supervised.linear.scalar import OBJECTIVES, Objective
from lemmata.self_supervised.studies.five_features import SHARE, features, order, theory
from lemmata.stats import Interval, Study, evidence_table, exact
from lemmata.training.batches import stream

Floats = NDArray[np.float64]
LONGER: Final = 1.3
"""Runs take this many times as long as the last feature of the aligned start needs."""
LAM, RHO = features("reversed")
SIZE = len(RHO)


def study(
    depth: int,
    shallow: int,
    eps: float,
    samples: Sequence[int],
    batch_size: int,
    learning_rates: Mapping[str, float],
    seeds: Sequence[int],
) -> Study:
    """A row an objective, case, seed and feature: time, ratio, share.

    time: when half of the limit was reached, else nan; ratio: over the theory's time; share:
    amplitude at the end over the theory's limit. Cases are flows ("rotated", aligned in other
    coordinates, also at the depth `shallow`, where learning is in order of lambda; "random
    decoder", "gaussian", "unit decoder"; "n = ...", moments of n pairs of views) and, on moments
    of fresh batches from the aligned start, descent ("small batches").
    """
    rows: list[dict[str, object]] = []
    for seed in seeds:
        sampled = {
            f"n = {n:,}": estimated(*gaussian_views(LAM, RHO, n, stream(seed, f"views {n}")))
            for n in samples
        }
        for objective in OBJECTIVES:
            for case, start, moments in _flows(
                objective, depth, shallow, eps, sampled, seed, seeds[0]
            ):
                own: dict[str, object] = {"objective": objective, "case": case, "seed": seed}
                rows += _flow_rows(own, objective, start, eps, moments)
    for objective in OBJECTIVES:
        rows += _batch_rows(objective, depth, eps, batch_size, learning_rates[objective], seeds)
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table, f"n = {max(samples):,}")))


def _flows(
    objective: Objective,
    depth: int,
    shallow: int,
    eps: float,
    sampled: Mapping[str, Moments],
    seed: int,
    first: int,
) -> Iterator[tuple[str, Floats, Moments]]:
    true = diagonal(LAM, RHO)

    def drawn(name: str) -> np.random.Generator:
        return stream(seed, f"departures {name}")

    yield "rotated", rotated_start(objective, depth, SIZE, eps, drawn("rotated")), true
    turned = rotated_start(objective, shallow, SIZE, eps, drawn("rotated"))
    yield f"rotated, L = {shallow}", turned, true
    yield "random decoder", random_start(depth, SIZE, eps, drawn("random decoder")), true
    yield "gaussian", gaussian_start(depth, SIZE, eps, drawn("gaussian")), true
    if seed == first:  # draws nothing
        yield "unit decoder", unit_decoder_start(depth, SIZE, eps), true
    for case, moments in sampled.items():
        yield case, aligned_start(depth, SIZE, eps), moments


def _flow_rows(
    own: dict[str, object], objective: Objective, start: Floats, eps: float, moments: Moments
) -> list[dict[str, object]]:
    expected, limits = theory(objective, len(start) - 1, LAM, RHO, eps)
    times = np.array([0.0, LONGER * float(np.nanmax(expected))])
    found = flow(objective, start, moments, times, SHARE * limits)
    share = amplitudes(found.encoders[-1]) / limits
    return [own | row for row in _features(found.crossings, expected, share)]


def _batch_rows(
    objective: Objective,
    depth: int,
    eps: float,
    batch_size: int,
    learning_rate: float,
    seeds: Sequence[int],
) -> list[dict[str, object]]:
    expected, limits = theory(objective, depth, LAM, RHO, eps)
    steps = int(LONGER * float(np.nanmax(expected)) / learning_rate)
    moments = gaussian_batches(LAM, RHO, batch_size, [stream(s, "batches") for s in seeds])
    start = aligned_start(depth, SIZE, eps)
    runs = batch([start] * len(seeds), [learning_rate] * len(seeds))
    crossed = np.full((len(seeds), SIZE), np.nan)
    for step, (encoder, _) in enumerate(descend(objective, runs, moments)):
        size = amplitudes(encoder)
        new = np.isnan(crossed) & (size >= SHARE * limits)
        crossed[new] = step
        if step == steps:
            break
    own: dict[str, object] = {"objective": objective, "case": "small batches"}
    return [
        own | {"seed": seed} | row
        for seed, when, end in zip(seeds, crossed * learning_rate, size / limits, strict=True)
        for row in _features(when, expected, end)
    ]


def _features(times: Floats, expected: Floats, share: Floats) -> list[dict[str, object]]:
    return [
        {"feature": k, "rho": RHO[k], "time": times[k]}
        | {"ratio": times[k] / expected[k], "share": share[k]}
        for k in range(SIZE)
    ]


def _evidence(table: pd.DataFrame, most: str) -> dict[str, Interval]:
    learned = table.assign(learned=table["share"] >= SHARE)
    counts = learned.groupby(["case", "objective", "seed"])["learned"].sum()
    rotated = table[table["case"] == "rotated"]
    batches = table[table["case"] == "small batches"]
    off = (batches["share"] - 1).abs().groupby(batches["objective"]).max()
    sampled = table[(table["case"] == most) & (table["objective"] == "jepa")]
    orders = [order(part["time"], part["rho"]) for _, part in sampled.groupby("seed")]
    random = counts["random decoder", "jepa"]
    unit = counts["unit decoder", "jepa"]
    return {
        "max_error_of_rotated_times": exact((rotated["ratio"] - 1).abs().max(), len(rotated)),
        "max_learned_under_a_random_decoder": exact(random.max(), len(random)),
        "max_learned_under_a_unit_decoder": exact(unit.max(), len(unit)),
        "max_order_of_sampled_jepa_by_rho": exact(max(orders), len(orders)),
        "max_gap_of_jepa_limits_in_batches": exact(off["jepa"], len(batches) // 2),
        "max_gap_of_mae_limits_in_batches": exact(off["mae"], len(batches) // 2),
    }
