"""What the pair of diagrams, binned beside smooth, needs of a predictions table."""

from __future__ import annotations

import pandas as pd

from lemmata.calibration.binned_ece import bin_table
from lemmata.calibration.studies.result import samples


def pair_tables(
    predictions: pd.DataFrame, seed: int, bins: int
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The bin table of one seed's test rows, and the true curve (t, mu) in order of t.

    The truth is None unless the table has a column p_true (a synthetic forecast).
    """
    (sample,) = (s for s in samples("", predictions) if s.seed == seed)
    table = bin_table(sample.p, sample.y, bins)
    if "p_true" not in predictions.columns:
        return table, None
    known = predictions[["p", "p_true"]].sort_values("p")
    return table, known.set_axis(["t", "mu"], axis=1).reset_index(drop=True)
