"""Multiclass reduction against a plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lemmata.calibration.top_label import binary_view, top_label
from lemmata.errors import LemmataError


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_equals_a_loop(classes: int) -> None:
    rng = np.random.default_rng(classes)
    p = rng.dirichlet(np.ones(classes), 200)
    labels = rng.integers(0, classes, 200)
    confidence, correct = top_label(p, labels)
    for row, label, c, right in zip(p, labels, confidence, correct, strict=True):
        best = max(range(classes), key=lambda k, row=row: row[k])
        assert c == row[best]
        assert right == int(best == label)


def test_first_of_ties_counts() -> None:
    _, correct = top_label([[0.4, 0.4, 0.2], [0.4, 0.4, 0.2]], [0, 1])
    assert correct.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("p", "labels"), [([[0.5, 0.5]], [[1]]), ([0.5], [1]), ([[1.0]], [0]), ([[0.5, 0.5]], [0, 1])]
)
def test_refuses_other_shapes(p: Any, labels: Any) -> None:
    with pytest.raises(LemmataError, match="must be"):
        top_label(p, labels)


def test_view_of_tables_of_predictions() -> None:
    binary = pd.DataFrame({"y": [0, 1], "p": [0.2, 0.7]})
    p, y = binary_view(binary)
    assert (p.tolist(), y.tolist()) == ([0.2, 0.7], [0, 1])
    several = pd.DataFrame({"y": [0, 2], "p_0": [0.2, 0.1], "p_1": [0.7, 0.1], "p_2": [0.1, 0.8]})
    p, y = binary_view(several)
    assert (p.tolist(), y.tolist()) == ([0.7, 0.8], [0, 1])
