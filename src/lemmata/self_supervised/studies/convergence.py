"""LiDAR against the number of samples and of views, with its limit for endless samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from lemmata.self_supervised.metrics.family import Representation, latents_and_classes
from lemmata.self_supervised.metrics.lidar import lidar_of, scatter
from lemmata.self_supervised.metrics.population import gaussian_lidar
from lemmata.stats import Interval, Study, evidence_table, mean_interval
from lemmata.training.batches import stream

SHOWN: Final = {
    "clean": Representation(8, 0.1, 0),
    "noisy": Representation(8, 0.5, 16),
    "mostly noise": Representation(8, 0.5, 64),
}
DELTA: Final = 1e-4


def study(samples: Sequence[int], views: Sequence[int], seeds: Sequence[int]) -> Study:
    """A row a seed, representation, n, q and whether debiased: lidar, and its limit in n.

    Samples and views of one seed are the first of the same ones. samples, views: growing.
    """
    rows: list[dict[str, object]] = []
    for seed in seeds:
        latents, _ = latents_and_classes(max(samples), stream(seed, "latents"))
        for name, made in SHOWN.items():
            embeddings = made.views(latents, max(views), stream(seed, f"views {made}"))
            for n in samples:
                for q in views:
                    found = scatter(embeddings[:n, :q])
                    for debiased in (False, True):
                        limit = gaussian_lidar(*made.variances(), q, DELTA, debiased)
                        own = {"seed": seed, "representation": name, "samples": n, "views": q}
                        value = lidar_of(found, DELTA, debiased=debiased)
                        rows.append(own | {"debiased": debiased, "lidar": value, "limit": limit})
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    plain = table[~table["debiased"]]
    most = plain[plain["views"] == plain["views"].max()]
    counts = sorted(most["samples"].unique())
    wide = most.pivot_table(index=["seed", "representation"], columns="samples", values="lidar")
    step = (wide[counts[-2]] / wide[counts[-1]] - 1).abs()
    last = most[most["samples"] == counts[-1]]
    apart = (last["lidar"] / last["limit"] - 1).abs()
    return {
        "change_with_samples": mean_interval(step.groupby("seed").max()),
        "gap_to_the_limit": mean_interval(apart.groupby(last["seed"]).max()),
    }
