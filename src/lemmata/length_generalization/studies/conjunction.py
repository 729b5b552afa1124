"""The AND example: trained transformers beside the min-degree interpolator."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lemmata.length_generalization.min_degree import frozen_accuracy
from lemmata.stats import Interval, Study, evidence_table, exact
from lemmata.tables import read_table


def study(paths: Iterable[str], bits: int, frozen: int) -> Study:
    """Table: model, zeros, seed, test, accuracy; the interpolator is the model "min degree"."""
    table = pd.concat([read_table(path) for path in paths], ignore_index=True)
    table = table.rename(columns={"positions": "model"})
    one_zero, at_random = frozen_accuracy(bits - frozen, frozen)
    known = {"free": 1.0, "one frozen zero": one_zero, "frozen at random": at_random}
    rows = [
        {"model": "min degree", "zeros": "", "seed": 0, "test": test, "n": 0, "accuracy": value}
        for test, value in known.items()
    ]
    learned = table[(table["model"] == "ape") & (table["test"] == "one frozen zero")]
    values = learned["accuracy"].to_numpy(np.float64)
    evidence = {
        # Every string of this test was asked, so seeds are all that could vary.
        "min_transformer_accuracy": Interval(
            float(values.min()), float(values.min()), float(values.max()), len(values)
        ),
        "min_degree_accuracy": exact(one_zero, frozen),
    }
    whole = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
    return Study(whole, evidence_table(evidence))
