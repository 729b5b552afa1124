"""Prepared tables of downloadable sets, from the mirror, against the documented facts of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.data.prepared import TableOf, features


def groups(table: pd.DataFrame) -> dict[str, tuple[int, float]]:
    """Size and rate of y = 1 of every group."""
    flags = table.filter(regex="^g_")
    assert (flags.dtypes == np.bool_).all()
    return {
        name.removeprefix("g_"): (int(flag.sum()), round(float(table["y"][flag].mean()), 3))
        for name, flag in flags.items()
    }


@pytest.mark.mirror
def test_adult(table_of: TableOf, mirror: str) -> None:
    table = table_of("adult", mirror)
    assert len(table) == 32_561 - 2_399 + 16_281 - 1_221
    # UCI's adult.names: 24.78 percent above 50K among the 45,222 rows without unknowns.
    assert round(table["y"].mean(), 4) == 0.2478
    assert "x_fnlwgt" not in table
    assert table["x_sex"].unique().tolist() == ["Male", "Female"]
    assert table.iloc[0][["x_age", "x_education", "x_capital_gain"]].tolist() == [
        *(39.0, "Bachelors", 2174.0)
    ]
    sizes = groups(table)
    assert len(sizes) == 20
    assert sizes["race_black"][0] == (table["x_race"] == "Black").sum() == 4_228
    assert "occupation_armed_forces" not in sizes
    assert min(size for size, _ in sizes.values()) > 0.005 * len(table)
    assert sizes["sex_male"][0] + sizes["sex_female"][0] == len(table)
    assert not table.filter(regex="^x_").isin(["?", ""]).to_numpy().any()


@pytest.mark.mirror
def test_adult_labels_agree_with_the_published_counts(
    raw_paths: Callable[..., dict[str, Path]], mirror: str
) -> None:
    """7,841 and 3,846 rows above 50K before rows with unknowns go."""
    paths = raw_paths("adult", mirror)
    counts = [path.read_text().count(">50K") for path in paths.values()]
    assert counts == [7_841, 3_846]


@pytest.mark.mirror
def test_bank_marketing(table_of: TableOf, mirror: str) -> None:
    table = table_of("bank_marketing", mirror)
    assert (len(table), table["y"].sum()) == (45_211, 5_289)
    assert not {"x_duration", "x_day"} & set(table.columns)
    # Hansen, Devic, Nakkiran, Sharan (2024): sizes and rates of their groups.
    assert groups(table) == {
        "job_management": (9_458, 0.138),
        "job_technician": (7_597, 0.111),
        "job_entrepreneur": (1_487, 0.083),
        "job_blue_collar": (9_732, 0.073),
        "job_retired": (2_264, 0.228),
        "marital_married": (27_214, 0.101),
        "marital_single": (12_790, 0.149),
        "education_primary": (6_851, 0.086),
        "education_secondary": (23_202, 0.106),
        "education_tertiary": (13_301, 0.150),
        "housing_yes": (25_130, 0.077),
        "housing_no": (20_081, 0.167),
        "age_below_30": (3_050, 0.195),
        "age_30_to_39": (17_359, 0.113),
        "age_50_and_above": (12_185, 0.129),
    }


@pytest.mark.mirror
def test_credit_default(table_of: TableOf, mirror: str) -> None:
    table = table_of("credit_default", mirror)
    assert (len(table), table["y"].sum()) == (30_000, 6_636)
    assert sorted(table["x_education"].unique()) == list("0123456")
    assert table["x_limit_bal"].dtype == np.float64
    assert "x_id" not in table
    # Hansen, Devic, Nakkiran, Sharan (2024): sizes of their 13 groups.
    assert [size for size, _ in groups(table).values()] == [
        *(3_281, 15_964, 6_888, 18_112, 1_482, 225, 4_917),
        *(2_861, 2_456, 1_610, 8_656, 10_585, 6_231),
    ]


@pytest.mark.mirror
def test_compas(table_of: TableOf, mirror: str) -> None:
    table = table_of("compas", mirror)
    assert (len(table), round(table["y"].mean(), 3)) == (6_172, 0.455)
    assert {name: size for name, (size, _) in groups(table).items()} == {
        "race_african_american": 3_175,
        "race_caucasian": 2_103,
        "race_hispanic": 509,
        "race_other": 343,
        "sex_female": 1_175,
        "sex_male": 4_997,
        "age_below_25": 1_347,
        "age_25_to_45": 3_624,
        "age_above_45": 1_201,
        "african_american_female": 549,
        "african_american_below_25": 809,
        "caucasian_above_45": 591,
        "no_priors": 2_085,
        "misdemeanour": 2_202,
    }
    allowed = {"sex", "age", "race", "juv_fel_count", "juv_misd_count", "juv_other_count"}
    assert set(features(table).columns) == allowed | {"priors_count", "c_charge_degree"}


@pytest.mark.mirror
def test_law_school_and_dutch_census(table_of: TableOf, mirror: str) -> None:
    law, census = table_of("law_school", mirror), table_of("dutch_census", mirror)
    assert law["y"].sum() == 16_856
    assert (law["x_racetxt"] == 1).sum() == 17_491
    assert law["x_tier"].max() == 6
    assert census["y"].sum() == 28_763
    assert (census["x_sex"] == "1").sum() == 30_147


@pytest.mark.mirror
def test_credit_default_published(table_of: TableOf, mirror: str) -> None:
    """118 columns and 13 groups, as the paper's authors have them."""
    table, plain = table_of("credit_default_published", mirror), table_of("credit_default", mirror)
    levels = features(table).drop(columns="sex")
    assert levels.nunique().sum() + 1 == 118
    np.testing.assert_array_equal(table["y"], plain["y"])
    assert groups(table) == groups(plain)
    # Every tercile holds about a third, ties apart.
    counts = table["x_limit_bal"].value_counts(normalize=True)
    assert sorted(counts.index) == ["0", "1", "2"]
    assert counts.min() > 0.25


@pytest.mark.mirror
def test_mnist(table_of: TableOf, mirror: str) -> None:
    table = table_of("mnist", mirror)
    assert table.shape == (70_000, 785)
    pixels = table.iloc[:, 1:].to_numpy()
    assert pixels.dtype == np.float32
    # The mean training pixel that every tutorial subtracts, and the published class counts.
    assert round(float(pixels[:60_000].mean(dtype=np.float64)), 4) == 0.1307
    assert np.bincount(table["y"][:60_000]).tolist() == [
        *(5923, 6742, 5958, 6131, 5842),
        *(5421, 5918, 6265, 5851, 5949),
    ]
    assert table["y"][:5].tolist() == [5, 0, 4, 1, 9]
    # A zero is hollow, a one is not: the pixels belong to the labels and stand row by row.
    centre = pixels[:, 14 * 28 + 14]
    assert centre[table["y"] == 0].mean() < 0.1 < centre[table["y"] == 1].mean()


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "rows", "mean_p", "mean_y"),
    [
        ("imagenet_resnet34", 50_000, 0.6732, 0.7511),
        ("imagenet_resnext50", 50_000, 0.7396, 0.7976),
        ("solar_flares_daffs", 731, 0.3071, 0.2572),
        ("solar_flares_noaa", 731, 0.2745, 0.2572),
        ("precipitation_niamey", 92, 0.5166, 0.5761),
        ("cifar10_resnet110", 10_000, 0.9831, 0.9356),
        ("cifar10_densenet40", 10_000, 0.9791, 0.9242),
        ("cifar100_resnet110", 10_000, 0.8996, 0.7148),
        ("cifar100_densenet40", 10_000, 0.9116, 0.7000),
    ],
)
def test_forecasts(
    table_of: TableOf, mirror: str, name: str, rows: int, mean_p: float, mean_y: float
) -> None:
    table = table_of(name, mirror)
    assert list(table.columns) == ["y", "p"]
    assert table.dtypes.tolist() == [np.int64, np.float64]
    assert len(table) == rows
    assert (round(table["p"].mean(), 4), round(table["y"].mean(), 4)) == (mean_p, mean_y)


@pytest.mark.mirror
def test_sst2(table_of: TableOf, mirror: str) -> None:
    table = table_of("sst2", mirror)
    # 3,610, 444 and 909 positive sentences (Socher et al., 2013, as its users count them).
    assert [table["y"][:6920].sum(), table["y"][6920:7792].sum(), table["y"][7792:].sum()] == [
        3610,
        444,
        909,
    ]
    assert table["x_text"][6920] == "one long string of cliches"
    assert table["y"][6920] == 0


@pytest.mark.mirror
def test_rotten_tomatoes(table_of: TableOf, mirror: str) -> None:
    table = table_of("rotten_tomatoes", mirror)
    assert table["y"].value_counts().to_dict() == {0: 5331, 1: 5331}
    assert table["x_text"][0] == "simplistic , silly and tedious ."
    # A single-byte encoding: accents are letters, and no sentence is broken at one.
    assert table["x_text"].str.contains("clich\u00e9").any()
