"""Label-free metrics as selectors: how they rank the encoders of each sweep, and what they choose.

A metric's value and a probe's accuracy are averaged over seeds before they are ranked; intervals
are of a bootstrap over configurations. Widths are left out of a method's whole sweep: values at
different widths are not comparable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd

from lemmata.self_supervised.selection import (
    correlation_interval,
    difference_interval,
    kendall,
    permutation_p,
    recovered,
    size_of_spearman,
    spearman,
)
from lemmata.stats import Interval, Study, evidence_table, exact, mean_interval
from lemmata.tables import read_table

WHOLE: Final = "all"
NOT_COMPARABLE: Final = ("width", "untrained")
LEAST: Final = 4
"""Configurations that a sweep needs to be ranked at all."""
CORRELATIONS: Final = {"spearman": spearman, "kendall": kendall}


def study(measures: Iterable[str], *, delta: float, resamples: int, permutations: int) -> Study:
    """Table: the runs (what = "run"), correlations ("correlation") and choices ("recovered").

    measures: the tables of all bundles and seeds. delta: of the LiDAR that is judged; the others
    stand beside it as its sensitivity.
    """
    runs = pd.concat([read_table(path) for path in measures], ignore_index=True)
    judged = {f"{head}lidar_{delta:g}": f"{head}lidar" for head in ("", "head_")}
    runs = runs.rename(columns=judged)
    swept = runs[runs["axis"] != "untrained"]
    correlations = _correlations(swept, resamples, permutations)
    chosen = _recovered(swept)
    parts = {"run": runs, "correlation": correlations, "recovered": chosen}
    told = [part.assign(what=what) for what, part in parts.items() if len(part)]
    columns = dict.fromkeys(name for part in parts.values() for name in part.columns)
    table = pd.concat(told, ignore_index=True).reindex(columns=[*columns, "what"])
    return Study(table, evidence_table(_evidence(swept, correlations, chosen, resamples)))


def metric_values(runs: pd.DataFrame) -> pd.DataFrame:
    """One column a metric, larger meant to be better: the loss and alpha with their sign turned.

    Those of a head only where the method has one.
    """
    lidars = [name for name in runs.columns if name.startswith(("lidar", "head_lidar"))]
    known = [*lidars, "rankme", "head_rankme", "effective_rank", "participation_ratio"]
    turned = {"minus_alpha": -runs["alpha"], "minus_loss": -runs["loss"]}
    return runs[known].dropna(axis=1, how="all").assign(**turned)


def sweeps(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The runs of a method by sweep: all that compare, and each axis with the base."""
    base = runs[runs["axis"] == ""]
    axes = [axis for axis in runs["axis"].unique() if axis]
    found = {WHOLE: runs[~runs["axis"].isin(NOT_COMPARABLE)]}
    return found | {axis: pd.concat([base, runs[runs["axis"] == axis]]) for axis in axes}


def configurations(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Metrics (C columns) and accuracies of configurations, means over seeds."""
    values = metric_values(runs).assign(accuracy=runs["accuracy"], point=runs["point"])
    means = values.groupby("point", sort=True).mean()
    return means.drop(columns="accuracy"), means["accuracy"]


def _correlations(runs: pd.DataFrame, resamples: int, permutations: int) -> pd.DataFrame:
    rows = []
    for method, own in runs.groupby("method"):
        for sweep, part in sweeps(own).items():
            metrics, accuracy = configurations(part)
            if len(accuracy) < LEAST:
                continue
            for metric, values in metrics.items():
                identity = {"method": method, "sweep": sweep, "metric": metric}
                x, y = values.to_numpy(), accuracy.to_numpy()
                rows += [identity | row for row in _correlation_rows(x, y, resamples, permutations)]
    columns = ["method", "sweep", "metric", "statistic", *Interval._fields, "p"]
    return pd.DataFrame(rows, columns=columns)  # none where no sweep is long enough


def _correlation_rows(
    x: Any, y: Any, resamples: int, permutations: int
) -> Iterable[dict[str, Any]]:
    for name, correlation in CORRELATIONS.items():
        found = correlation_interval(correlation, x, y, resamples=resamples)
        p = permutation_p(correlation, x, y, permutations=permutations)
        yield {"statistic": name, **found._asdict(), "p": p}


def _recovered(runs: pd.DataFrame) -> pd.DataFrame:
    """Of every method, metric and seed: what the choice of one of its configurations recovers."""
    rows = []
    for method, own in runs.groupby("method"):
        for seed, part in sweeps(own)[WHOLE].groupby("seed"):
            if len(part) < LEAST:
                continue
            accuracy = part["accuracy"].to_numpy()
            for metric, values in metric_values(part).items():
                share = recovered(values.to_numpy(), accuracy)
                identity = {"method": method, "metric": metric, "seed": seed}
                rows.append(identity | {"recovered": share})
    return pd.DataFrame(rows, columns=["method", "metric", "seed", "recovered"])


def _evidence(
    runs: pd.DataFrame, correlations: pd.DataFrame, chosen: pd.DataFrame, resamples: int
) -> dict[str, Interval]:
    found: dict[str, Interval] = {}
    whole = correlations[correlations["sweep"] == WHOLE]
    for row in whole.to_dict("records"):
        name = f"{row['statistic']}_of_{_plain(row['metric'])}_{row['method']}"
        found[name] = Interval(row["value"], row["lower"], row["upper"], int(row["n"]))
        found[f"p_of_{name}"] = exact(row["p"], int(row["n"]))
    for (method, metric), own in chosen.groupby(["method", "metric"]):
        name = f"recovered_by_{_plain(str(metric))}_{method}"
        found[name] = mean_interval(own["recovered"].to_numpy())
    for method, own in runs.groupby("method"):
        metrics, accuracy = configurations(sweeps(own)[WHOLE])
        if len(accuracy) >= LEAST:
            found |= _differences(str(method), metrics, accuracy.to_numpy(), resamples)
    return found


def _differences(
    method: str, metrics: pd.DataFrame, accuracy: Any, resamples: int
) -> dict[str, Interval]:
    """LiDAR's correlation less RankMe's, and RankMe's less the size of the loss's."""
    names = ("lidar", "rankme", "minus_loss")
    lidar, rank, loss = (metrics[name].to_numpy(np.float64) for name in names)
    by_rank = (spearman, rank)
    pairs = {
        f"lidar_above_rankme_{method}": ((spearman, lidar), by_rank),
        f"rankme_above_loss_{method}": (by_rank, (size_of_spearman, loss)),
    }
    return {
        name: difference_interval(*pair, accuracy, resamples=resamples)
        for name, pair in pairs.items()
    }


def _plain(metric: str) -> str:
    """A metric's name as evidence may have it: letters, digits and underscores."""
    return metric.replace("-", "_minus_").replace(".", "p")
