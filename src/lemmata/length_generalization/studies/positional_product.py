"""Which relations of positions extrapolate, with and without the positional penalty."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lemmata.length_generalization.positional_product import far_error
from lemmata.stats import Study, evidence_table, mean_interval
from lemmata.tables import read_table


def study(paths: Iterable[str], train_length: int) -> Study:
    """Table: f by distance for every relation, penalty and seed; evidence: ratios of far errors."""
    table = pd.concat([read_table(path) for path in paths], ignore_index=True)
    error = far_error(table, train_length).rename("error").reset_index()
    strongest = error["penalty"].max()
    wide = error.pivot_table(index=["relation", "seed"], columns="penalty", values="error")
    ratio = np.log10(wide[0.0] / wide[strongest]).rename("decades").reset_index()
    evidence = {
        f"decades_of_far_error_{relation}": mean_interval(part["decades"])
        for relation, part in ratio.groupby("relation", sort=False)
    }
    return Study(table, evidence_table(evidence))
