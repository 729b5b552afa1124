"""A small synthetic population, its groups, and one base model's predictions on it."""

from __future__ import annotations

import pandas as pd
import pytest

from lemmata.calibration.multicalibration.base_classical import classical_fit
from lemmata.calibration.multicalibration.base_models import Fractions, base_predictions
from lemmata.data.groups import group_flags
from lemmata.data.prepare import prepare
from tests.unit.calibration.multicalibration.settings import SEEDS

SPLIT = {"seed": 0, "train": 0.6, "validation": 0.2, "test": 0.2}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return prepare("synthetic_population", {}, SPLIT, {"rows": 2400, "seed": 1})


@pytest.fixture(scope="module")
def groups(table: pd.DataFrame) -> pd.DataFrame:
    return group_flags("synthetic_population", table, {})


@pytest.fixture(scope="module")
def base(table: pd.DataFrame) -> pd.DataFrame:
    fit = classical_fit("naive_bayes", {"var_smoothing": 1e-9})
    return base_predictions(table, fit, Fractions((0.0, 0.4)), SEEDS)
