"""Probabilities become the common table, row for row."""

import numpy as np
import pandas as pd
import pytest

from lemmata.errors import LemmataError
from lemmata.predictions import predictions_frame
from lemmata.tables import check_predictions


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "row": [7, 3, 9, 1],
            "split": ["test", "train", "validation", "test"],
            "y": [1, 0, 1, 0],
            "x_age": [0.1, 0.2, 0.3, 0.4],
            "g_old": [True, False, False, True],
        }
    )


def test_binary(table):
    p = np.array([0.9, 0.2, 0.6, 0.3])
    frame = predictions_frame(table, np.column_stack([1 - p, p]), seed=3)
    expected = pd.DataFrame(
        {
            "seed": [3, 3, 3],
            "split": ["test", "validation", "test"],
            "row": [7, 9, 1],
            "y": [1, 1, 0],
            "p": [0.9, 0.6, 0.3],
            "g_old": [True, False, True],
        }
    )
    pd.testing.assert_frame_equal(frame, expected)
    check_predictions(frame, "test")


def test_multiclass_and_chosen_splits(table):
    probabilities = np.arange(12.0).reshape(4, 3)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    frame = predictions_frame(table.drop(columns="g_old"), probabilities, 0, splits=("train",))
    assert frame.columns.tolist() == ["seed", "split", "row", "y", "p_0", "p_1", "p_2"]
    assert frame[["p_0", "p_1", "p_2"]].to_numpy() == pytest.approx(probabilities[1:2])
    assert frame["row"].tolist() == [3]
    check_predictions(frame, "test")


def test_probabilities_must_fit_the_table(table):
    for wrong in (np.ones((3, 2)), np.ones(4)):
        with pytest.raises(LemmataError, match="for a table of 4 rows"):
            predictions_frame(table, wrong, 0)
