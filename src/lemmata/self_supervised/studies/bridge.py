"""The bridge between arXiv 2407.03475 and 2312.04000: planted noise in encoders that are trained.

How much of the noise a ridge regression finds in the features (R^2 on test images), and how well a
linear probe knows the digit, for I-JEPA and MAE with the same encoder, masks and predictor.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lemmata.self_supervised.selection import correlation_interval, spearman
from lemmata.stats import Interval, Study, evidence_table, mean_interval
from lemmata.tables import read_table

METHODS = ("i_jepa", "mae")
BASE, UNTRAINED = "base", "untrained"
RESAMPLES = 2000


def study(measures: Iterable[str], *, base_depth: int, delta: float) -> Study:
    """Table: a row a run: method, point, axis, value, seed, noise (R^2), accuracy, metrics.

    base_depth: blocks of the base's encoder, which stands among the depths; delta: of LiDAR.
    """
    runs = pd.concat([read_table(path) for path in measures], ignore_index=True)
    runs = runs.rename(columns={f"lidar_{delta:g}": "lidar"})
    return Study(runs, evidence_table(_evidence(runs, base_depth)))


def by_depth(runs: pd.DataFrame, quantity: str, base_depth: int) -> pd.DataFrame:
    """The quantity of trained encoders: seeds by (method, depth of the encoder)."""
    own = runs[runs["axis"].isin(["", "depth"])]
    depth = own["value"].where(own["axis"] == "depth", base_depth).astype(int)
    return own.assign(depth=depth).pivot_table(
        index="seed", columns=["method", "depth"], values=quantity
    )


def _evidence(runs: pd.DataFrame, base_depth: int) -> dict[str, Interval]:
    noise, accuracy = (by_depth(runs, name, base_depth) for name in ("noise", "accuracy"))
    gap = noise["mae"] - noise["i_jepa"]  # seeds by depth
    blank = runs[runs["point"] == UNTRAINED].pivot_table(
        index="seed", columns="method", values="noise"
    )
    shallow, deep = gap.columns.min(), gap.columns.max()
    found = {
        "noise_in_mae_less_jepa": gap[base_depth],
        "noise_in_untrained_less_jepa": blank["i_jepa"] - noise["i_jepa"][base_depth],
        "accuracy_of_jepa_less_mae": accuracy["i_jepa"][base_depth] - accuracy["mae"][base_depth],
        "growth_of_gap_with_depth": gap[deep] - gap[shallow],
        "noise_in_jepa": noise["i_jepa"][base_depth],
        "noise_in_mae": noise["mae"][base_depth],
    }
    evidence = {name: mean_interval(values.to_numpy()) for name, values in found.items()}
    trained = runs[runs["point"] != UNTRAINED]
    for method in METHODS:
        own = trained[trained["method"] == method]
        metric, kept = (own[name].to_numpy(np.float64) for name in ("lidar", "noise"))
        evidence[f"lidar_against_noise_{method}"] = correlation_interval(
            spearman, metric, kept, resamples=RESAMPLES
        )
    return evidence
