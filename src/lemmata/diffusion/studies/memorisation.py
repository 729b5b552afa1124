"""Networks trained on few points: how much oftener samples lie at one than fresh points do."""

from __future__ import annotations

import pandas as pd

from lemmata.stats import Interval, Study, evidence_table, exact


def study(table: pd.DataFrame) -> Study:
    """Table: as `sampling_spiral.sample_spiral` makes it."""
    return Study(table, evidence_table(_evidence(table)))


def ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Seeds by sizes of the training set: share of samples at a point over that of fresh draws."""
    shares = table[table["what"] == "share"]
    wide = shares.pivot_table(index=["seed", "points"], columns="quantity", values="value")
    return (wide["close"] / wide["fresh_close"]).unstack("points")


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    found = ratios(table)
    growth = found.diff(axis=1).iloc[:, 1:]
    # All seeds must bear it, so the worst of them decides.
    return {
        "min_memorisation_at_fewest": exact(float(found.iloc[:, 0].min()), len(found)),
        "max_growth_of_memorisation": exact(float(growth.to_numpy().max()), growth.size),
    }
