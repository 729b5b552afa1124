"""Design matrices learn from training rows alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lemmata.data.design import design_matrix
from lemmata.errors import LemmataError


def example(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "row": np.arange(rows),
            "split": np.array(["train", "validation", "test"])[np.arange(rows) % 3],
            "y": rng.integers(0, 2, rows),
            "x_size": rng.normal(50.0, 9.0, rows),
            "x_colour": rng.choice(["red", "green", "blue"], rows),
            "x_weight": rng.exponential(1.0, rows).astype(np.float32),
            "g_red": rng.integers(0, 2, rows).astype(bool),
            "p_true": rng.random(rows),
        }
    )


def test_worked_example() -> None:
    table = pd.DataFrame(
        {
            "split": ["train", "train", "test", "validation"],
            "x_size": [1.0, 3.0, 5.0, 2.0],
            "x_colour": ["red", "blue", "green", "red"],
            "x_same": [7.0, 7.0, 9.0, 7.0],
        }
    )
    x, names = design_matrix(table)
    assert names == ["x_size", "x_colour=blue", "x_colour=red", "x_same"]
    assert x.tolist() == [
        [-1.0, 0.0, 1.0, 0.0],
        [1.0, 1.0, 0.0, 0.0],
        [3.0, 0.0, 0.0, 2.0],  # green was never seen in training
        [0.0, 0.0, 1.0, 0.0],
    ]
    assert x.dtype == np.float64


def test_agrees_with_scikit_learn() -> None:
    table = example()
    train = table["split"] == "train"
    x, names = design_matrix(table)
    numbers = table[["x_size", "x_weight"]].astype(float)
    scaled = StandardScaler().fit(numbers[train]).transform(numbers)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    coded = encoder.fit(table.loc[train, ["x_colour"]]).transform(table[["x_colour"]])
    assert names == ["x_size", "x_colour=blue", "x_colour=green", "x_colour=red", "x_weight"]
    np.testing.assert_allclose(x, np.c_[scaled[:, 0], coded, scaled[:, 1]], rtol=1e-12)


@given(seed=st.integers(0, 50), factor=st.floats(-100, 100))
def test_other_rows_do_not_leak_into_training(seed, factor) -> None:
    table = example(seed=seed)
    train = (table["split"] == "train").to_numpy()
    changed = table.copy()
    changed.loc[~train, "x_size"] = factor * changed.loc[~train, "x_size"] + 1.0
    changed.loc[~train, "x_colour"] = "violet"
    changed.loc[~train, ["y", "p_true"]] = 0
    before, names = design_matrix(table)
    after, names_after = design_matrix(changed)
    assert names == names_after
    np.testing.assert_array_equal(before[train], after[train])
    assert (after[~train][:, 1:4] == 0.0).all()  # violet is none of the levels


def test_a_constant_training_column_survives_rounding() -> None:
    table = pd.DataFrame({"split": ["train"] * 10 + ["test"], "x_a": [0.1] * 10 + [0.3]})
    x, _ = design_matrix(table)
    np.testing.assert_allclose(x[:, 0], [0.0] * 10 + [0.2], atol=1e-12)


def test_refusals() -> None:
    table = example()
    with pytest.raises(LemmataError, match="no training rows"):
        design_matrix(table[table["split"] != "train"])
    with pytest.raises(LemmataError, match="no training rows or no x_ columns"):
        design_matrix(table[["split", "y"]])
    table.loc[3, "x_size"] = np.nan
    with pytest.raises(LemmataError, match="missing or infinite"):
        design_matrix(table)
