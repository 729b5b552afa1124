"""Prepared tables of bundled sets: exactly what the packages' own loaders give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
import statsmodels.datasets

from lemmata.data.readers import READERS
from tests.unit.data.prepared import TableOf, features


def test_digits(table_of: TableOf) -> None:
    expected = sklearn.datasets.load_digits()
    table = table_of("digits")
    assert list(table.columns) == ["y", *(f"x_{i}" for i in range(64))]
    assert (features(table).dtypes == np.float32).all()
    np.testing.assert_array_equal(features(table) * 16, expected.data)
    np.testing.assert_array_equal(table["y"], expected.target)


@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_scikit_learn_tables(table_of: TableOf, name: str) -> None:
    expected = getattr(sklearn.datasets, f"load_{name}")()
    table = table_of(name)
    names = [feature.replace(" ", "_").replace("/", "_") for feature in expected.feature_names]
    assert list(features(table).columns) == names
    np.testing.assert_array_equal(features(table), expected.data)
    np.testing.assert_array_equal(table["y"], expected.target)


def test_diabetes(table_of: TableOf) -> None:
    expected = sklearn.datasets.load_diabetes(scaled=False)
    table = table_of("diabetes")
    assert list(features(table).columns) == expected.feature_names
    np.testing.assert_array_equal(features(table), expected.data)
    np.testing.assert_array_equal(table["y"], expected.target > 140)
    assert table["y"].sum() == 221  # half of 442: the median is 140.5


@pytest.mark.parametrize(
    ("name", "target", "ones"), [("fair", "affairs", 2053), ("randhie", "mdvis", 13882)]
)
def test_statsmodels_tables(table_of: TableOf, name: str, target: str, ones: int) -> None:
    expected = getattr(statsmodels.datasets, name).load_pandas().data
    table = table_of(name)
    inputs = expected.drop(columns=target)
    assert list(features(table).columns) == list(inputs.columns)
    np.testing.assert_array_equal(features(table), inputs)
    np.testing.assert_array_equal(table["y"], expected[target] > 0)
    assert table["y"].sum() == ones


def test_randhie_high_use(table_of: TableOf) -> None:
    expected = statsmodels.datasets.randhie.load_pandas().data
    table, plain = table_of("randhie_high_use"), table_of("randhie")
    np.testing.assert_array_equal(features(table), features(plain))
    np.testing.assert_array_equal(table["y"], expected["mdvis"] > 5)
    assert round(table["y"].mean(), 3) == 0.152


def test_anes96(table_of: TableOf) -> None:
    expected = statsmodels.datasets.anes96.load_pandas().data
    table = table_of("anes96")
    names = [
        *("popul", "TVnews", "selfLR", "ClinLR", "DoleLR"),
        *("PID", "age", "educ", "income"),
    ]
    assert list(features(table).columns) == [name.lower() for name in names]
    np.testing.assert_array_equal(features(table), expected[names])
    np.testing.assert_array_equal(table["y"], expected["vote"])


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "wine", "fair", "randhie", "anes96"])
def test_dtypes_of_bundled_tables(table_of: TableOf, name: str) -> None:
    table = table_of(name)
    assert table["y"].dtype == np.int64
    assert (features(table).dtypes == np.float64).all()


def test_torch_docs_are_paragraphs_that_occur_once(table_of: TableOf) -> None:
    table = table_of("torch_docs")
    texts = table["x_text"]
    assert texts.is_unique
    assert texts.str.len().min() >= 40
    assert not texts.str.contains("\n|  ").any()
    assert (table["y"] == texts.str.contains(">>>")).all()
    assert table["y"].sum() == 437
    assert "Supports input of float, double, cfloat and cdouble data types." in set(texts)


def test_readers_are_all_tested() -> None:
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in READERS if f'"{name}"' not in source] == []
