"""Label-free metrics along a training, beside the linear probe: what early stopping would see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from lemmata.self_supervised.selection import spearman
from lemmata.stats import Interval, Study, evidence_table, mean_interval
from lemmata.tables import read_table

METRICS: Final = ("lidar", "rankme", "minus_alpha")


def study(measures: Iterable[str], *, delta: float) -> Study:
    """Table: a row a method, seed and step, the untrained encoder at step 0, with all measures.

    delta: of the LiDAR that is looked at. Evidence: the mean over seeds of a metric's Spearman
    correlation with the probe's accuracy over the steps of a training, without step 0.
    """
    parts = [part for part in map(read_table, measures) if len(part)]
    runs = pd.concat(parts, ignore_index=True)
    judged = {f"{head}lidar_{delta:g}": f"{head}lidar" for head in ("", "head_")}
    runs = runs.rename(columns=judged).assign(minus_alpha=-runs["alpha"])
    return Study(runs, evidence_table(_evidence(runs[runs["step"] > 0])))


def _evidence(runs: pd.DataFrame) -> dict[str, Interval]:
    found = {}
    for method, own in runs.groupby("method"):
        for metric in METRICS:
            each = [float(spearman(r[metric], r["accuracy"])) for _, r in own.groupby("seed")]
            values = pd.Series(each).dropna().to_numpy()  # no order where the probe stands still
            if len(values) > 1:
                found[f"spearman_of_{metric}_along_{method}"] = mean_interval(values)
    return found
