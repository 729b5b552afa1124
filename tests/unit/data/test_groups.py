"""Groups from config/groups.yaml: what holds, and what is refused in one line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from lemmata.data.group_definitions import load_groups
from lemmata.data.groups import group_flags
from lemmata.data.prepare import prepare
from lemmata.data.registry import DATASETS
from lemmata.errors import LemmataError

SPLIT = {"seed": 0, "train": 0.6, "validation": 0.2, "test": 0.2}


@pytest.fixture
def table():
    n = 400
    return pd.DataFrame(
        {
            "row": np.arange(n),
            "split": np.where(np.arange(n) < 200, "train", "test"),
            "y": np.arange(n) % 2,
            "x_age": np.arange(n, dtype=np.float64),
            "x_sex": np.where(np.arange(n) % 4 == 0, "1", "2"),
            "g_published": np.arange(n) % 3 == 0,
        }
    )


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"age": {"above": 300}}, lambda t: t.x_age > 300),
        ({"age": {"at_least": 10, "below": 20}}, lambda t: (t.x_age >= 10) & (t.x_age < 20)),
        (
            {"age": {"at_most": 20}, "sex": {"equals": 1}},
            lambda t: (t.x_age <= 20) & (t.x_sex == "1"),
        ),
        ({"sex": {"equals": "2"}}, lambda t: t.x_sex == "2"),
        ({"age": {"one_of": [1, 2, 3]}}, lambda t: t.x_age.isin([1, 2, 3])),
        # The training rows are 0..199: their quartile is 149.25.
        ({"age": {"above_quantile": 0.75}}, lambda t: t.x_age > 149.25),
        ({"age": {"at_most_quantile": 0.25}}, lambda t: t.x_age <= 49.75),
        (
            [{"age": {"below": 5}}, {"age": {"above": 390}}],
            lambda t: (t.x_age < 5) | (t.x_age > 390),
        ),
    ],
    ids=range(8),
)
def test_definitions(table, definition, expected):
    found = group_flags("people", table, {"some": definition})
    assert found.columns.tolist() == ["row", "g_published", "g_some"]
    assert np.array_equal(found["g_some"], expected(table))
    assert np.array_equal(found["g_published"], table["g_published"])


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (
            {"height": {"above": 1}},
            r"groups: people\.some\.height: no such feature; allowed: age, sex",
        ),
        ({"sex": {"above": 1}}, "above needs a number, this is a category"),
        ({"sex": {"equals": 3}}, "level '3' does not occur"),
        ({"age": {"above": 398}}, r"holds 1 of 400 rows; must be more than 0\.5% and not all"),
        ({"age": {"at_least": 0}}, "holds 400 of 400 rows"),
        ({"mean_pixel": {"above": 0.5}}, "no such feature"),
    ],
)
def test_refused(table, definition, said):
    with pytest.raises(LemmataError, match=said) as error:
        group_flags("people", table, {"some": definition})
    assert "\n" not in str(error.value)


def test_taken_name_is_refused(table):
    with pytest.raises(LemmataError, match=r"people\.published: the data set has a"):
        group_flags("people", table, {"published": {"age": {"above": 3}}})


def test_mean_pixel_is_the_ink_of_images():
    image = pd.DataFrame(
        {
            "row": np.arange(200),
            "split": "train",
            "x_p0": np.linspace(0, 1, 200).astype(np.float32),
            "x_p1": np.zeros(200, dtype=np.float32),
        }
    )
    found = group_flags("digits", image, {"thick": {"mean_pixel": {"above": 0.25}}})
    assert found["g_thick"].sum() == 100


def test_the_projects_file(project):
    definitions = load_groups(project / "config/groups.yaml")
    assert set(definitions) <= set(DATASETS)
    assert {"randhie_high_use", "fair", "digits"} <= set(definitions)


def test_synthetic_population_has_its_fourteen_groups():
    small = prepare("synthetic_population", {}, SPLIT, {"rows": 2000, "seed": 1})
    assert len(group_flags("synthetic_population", small, {}).columns) == 15


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"fair": {"old": {"age": {"over": 35}}}}, "over"),
        ({"fair": {"old": {"age": {"above": "many"}}}}, "fair"),
        ({"fair": {"Old age": {"age": {"above": 35}}}}, "Old age"),
        ({"fair": {}}, "fair"),
        ({"fair": {"old": {"age": {"above_quantile": 1.5}}}}, "fair"),
    ],
)
def test_bad_file(project, tmp_path, content, said):
    path = tmp_path / "groups.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(LemmataError, match=said) as error:
        load_groups(path, project / "config/schema/groups.schema.yaml")
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
