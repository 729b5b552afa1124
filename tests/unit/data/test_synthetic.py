"""The synthetic population has the moments, groups and probabilities that its formula says."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lemmata.data.synthetic import oscillating, oscillating_truth, synthetic_groups

N = 200_000


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return synthetic_groups(N, seed=3)


def test_columns(table: pd.DataFrame) -> None:
    assert len(table) == N
    assert len(table.filter(regex="^x_").columns) == 4 + 6 + 4
    flags = table.filter(regex="^g_")
    assert len(flags.columns) == 14
    assert (flags.dtypes == np.bool_).all()
    assert (table["y"].dtype, table["p_true"].dtype) == (np.int64, np.float64)
    assert not table.isna().to_numpy().any()


def test_probabilities_follow_the_formula_row_by_row(table: pd.DataFrame) -> None:
    """The formula once more, in plain Python on 500 rows."""
    for row in table.head(500).to_dict("records"):
        a = [row[f"x_a{k}"] for k in range(4)]
        z = [row[f"x_z{k}"] for k in range(6)]
        (age,) = [k for k in range(4) if row[f"x_age_{k}"] == 1.0]
        w = (1, -0.8, 0.6, 0.4, -0.3, 0.2)
        logit = -0.6 + 0.9 * sum(wk * zk for wk, zk in zip(w, z, strict=True))
        logit += 0.5 * a[0] - 0.4 * a[1] + 0.9 * a[0] * a[1] - 1.0 * a[2] * a[3]
        logit += 0.5 * (z[0] ** 2 - 1) * a[2] + 0.25 * (age - 1.5)
        assert row["p_true"] == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-12)


def test_moments(table: pd.DataFrame) -> None:
    within = 5 / math.sqrt(N)  # five standard errors of a mean of unit variance
    for k, share in enumerate((0.5, 0.35, 0.2, 0.1)):
        assert table[f"x_a{k}"].mean() == pytest.approx(share, abs=within)
    for k in range(4):
        assert table[f"x_age_{k}"].mean() == pytest.approx(0.25, abs=within)
    z = table.filter(regex="^x_z").to_numpy()
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=within)
    np.testing.assert_allclose(np.cov(z.T), np.eye(6), atol=1.5 * within)
    np.testing.assert_allclose((z**4).mean(axis=0), 3.0, atol=10 * within)
    columns = table.filter(regex=r"^x_(a\d|z)").to_numpy()  # independent of each other
    off_diagonal = np.corrcoef(columns.T)[np.triu_indices(10, k=1)]
    assert np.abs(off_diagonal).max() < within


def test_labels_are_drawn_from_the_probabilities(table: pd.DataFrame) -> None:
    p, y = table["p_true"].to_numpy(), table["y"].to_numpy()
    for name in ["all", *table.filter(regex="^g_").columns]:
        mask = np.ones(N, dtype=bool) if name == "all" else table[name].to_numpy()
        error = math.sqrt((p[mask] * (1 - p[mask])).sum())
        assert abs((y[mask] - p[mask]).sum()) < 4.5 * error, name


def test_groups(table: pd.DataFrame) -> None:
    a = [table[f"x_a{k}"] == 1 for k in range(4)]
    expected = {
        **{f"g_a{k}": a[k] for k in range(4)},
        "g_not_a0": ~a[0],
        "g_not_a1": ~a[1],
        **{f"g_age_{k}": table[f"x_age_{k}"] == 1 for k in range(4)},
        "g_a0_and_a1": a[0] & a[1],
        "g_a2_and_a0": a[2] & a[0],
        "g_a2_and_a1": a[2] & a[1],
        "g_a3_and_age_0": a[3] & (table["x_age_0"] == 1),
    }
    pd.testing.assert_frame_equal(table.filter(regex="^g_"), pd.DataFrame(expected))


def test_longer_tables_begin_with_shorter_ones_and_seeds_differ(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(synthetic_groups(100, seed=3), table.head(100))
    assert (synthetic_groups(100, seed=4)["x_z0"] != table["x_z0"][:100]).all()


def test_oscillating_forecast_swings_around_the_truth() -> None:
    table = oscillating(200_000, seed=1)
    # z = 2 p - 1 = 1/8: (1/8 + 0.2 sin(pi / 2) + 1) / 2; the ends stay on the diagonal.
    assert oscillating_truth(np.array([0.0, 0.5625, 1.0])) == pytest.approx([0.0, 0.6625, 1.0])
    assert table["p_true"].to_numpy() == pytest.approx(oscillating_truth(table["p"].to_numpy()))
    # E|p - P(y = 1 | p)| is the mean of |0.1 sin(4 pi z)|, 0.2 / pi.
    assert (table["p"] - table["p_true"]).abs().mean() == pytest.approx(0.2 / np.pi, abs=5e-4)
    error = (table["y"] - table["p_true"]).to_numpy()
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(table))
    pd.testing.assert_frame_equal(oscillating(100, seed=1), table.head(100))
