"""Metrics against the usefulness of representations that is known: family of content and noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr
from sklearn.linear_model import LogisticRegression

from lemmata.self_supervised.metrics.alpha import alpha_req
from lemmata.self_supervised.metrics.family import Representation, latents_and_classes
from lemmata.self_supervised.metrics.lidar import lidar_of, scatter
from lemmata.self_supervised.metrics.rank import effective_rank, participation_ratio, rankme
from lemmata.stats import Interval, Study, evidence_table, exact, mean_interval
from lemmata.training.batches import stream

DELTAS = (1e-6, 1e-4, 1e-2)
ALPHA_RANGE = (2, 40)
"""Indices of the eigenvalues: the reference range, 10 to 100, needs more than 96 dimensions."""
METRICS = (
    "lidar",
    "lidar_1e-06",
    "lidar_0.01",
    "lidar_debiased",
    "lidar_few",
    "rankme",
    "effective_rank",
    "participation_ratio",
    "minus_alpha",
)
TRAINED = 2 / 3


def study(
    contents: Sequence[int],
    noises: Sequence[float],
    noise_dimensions: Sequence[int],
    count: int,
    samples: int,
    views: int,
    few_views: int,
    seeds: Sequence[int],
) -> Study:
    """A row a seed and representation: accuracy of a linear probe, and every metric.

    LiDAR is of `views` views of the first `samples` latents (lidar_few: of `few_views` of them),
    delta 1e-4 unless named; the rest is of one view of each of `count` latents.
    """
    rows: list[dict[str, object]] = []
    for seed in seeds:
        latents, classes = latents_and_classes(count, stream(seed, "latents"))
        for k in contents:
            for noise in noises:
                for m in noise_dimensions:
                    made = Representation(k, noise, m)
                    rng = stream(seed, f"views {made}")
                    features = made.views(latents, 1, rng)[:, 0]
                    embeddings = made.views(latents[:samples], views, rng)
                    own = {"seed": seed, **made._asdict(), "accuracy": _probe(features, classes)}
                    rows.append(own | _metrics(features, embeddings, few_views))
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _probe(features: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """Accuracy of logistic regression on the last third of the rows."""
    first = int(TRAINED * len(features))
    model = LogisticRegression(max_iter=300).fit(features[:first], classes[:first])
    return float(model.score(features[first:], classes[first:]))


def _metrics(
    features: NDArray[np.float32], embeddings: NDArray[np.float32], few_views: int
) -> dict[str, float]:
    found, few = scatter(embeddings), scatter(embeddings[:, :few_views])
    by_delta = {f"lidar_{delta:g}": lidar_of(found, delta) for delta in DELTAS}
    by_delta["lidar"] = by_delta.pop("lidar_0.0001")
    return by_delta | {
        "lidar_debiased": lidar_of(found, 1e-4, debiased=True),
        "lidar_few": lidar_of(few, 1e-4),
        "rankme": rankme(features),
        "effective_rank": effective_rank(features),
        "participation_ratio": participation_ratio(features),
        "minus_alpha": -alpha_req(features, *ALPHA_RANGE),
    }


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's and Kendall's correlation with the accuracy: a row a seed and metric."""
    return pd.DataFrame(
        [
            {
                "seed": seed,
                "metric": metric,
                "spearman": float(spearmanr(own[metric], own["accuracy"]).statistic),
                "kendall": float(kendalltau(own[metric], own["accuracy"]).statistic),
            }
            for seed, own in table.groupby("seed")
            for metric in METRICS
        ]
    )


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    by_seed = correlations(table).pivot_table(index="seed", columns="metric", values="spearman")
    found = {f"spearman_of_{name}": mean_interval(by_seed[name]) for name in METRICS}
    lead = by_seed["lidar"] - by_seed["rankme"]
    change = (table["lidar_few"] / table["lidar"] - 1).abs()
    return found | {
        "min_lead_over_rankme": exact(lead.min(), len(lead)),
        "change_with_views": mean_interval(change.groupby(table["seed"]).median()),
    }
