"""What the pair of diagrams is drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lemmata.calibration.pair import pair_tables
from lemmata.data.prepare import prepare
from lemmata.data.synthetic import oscillating_truth


def test_truth_of_a_synthetic_forecast_in_order() -> None:
    table = prepare("oscillating", {}, synthetic={"rows": 300, "seed": 0})
    bins, truth = pair_tables(table, 0, 12)
    assert truth is not None
    assert bins["count"].sum() == 300
    assert (np.diff(truth["t"]) >= 0).all()
    assert np.array_equal(truth["mu"], oscillating_truth(truth["t"].to_numpy()))


def test_one_seeds_test_rows_only() -> None:
    table = pd.DataFrame(
        {
            "seed": [0, 0, 0, 1],
            "split": ["test", "test", "validation", "test"],
            "row": [0, 1, 2, 0],
            "y": [0, 1, 1, 1],
            "p": [0.1, 0.9, 0.5, 0.4],
        }
    )
    bins, truth = pair_tables(table, 0, 2)
    assert truth is None
    assert bins["count"].tolist() == [1, 1]
    assert bins["mean_y"].tolist() == [0.0, 1.0]
