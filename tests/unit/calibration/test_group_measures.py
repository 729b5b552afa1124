"""Measures of all groups at once against one group at a time, simulation and closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.cumulative import (
    cumulative_errors,
    max_cumulative_error,
    range_survival,
)
from lemmata.calibration.group_metrics import floor, group_binned_ece, group_table, worst_group
from lemmata.calibration.group_smooth_ece import group_smooth_ece, null_max_smooth_ece
from lemmata.calibration.populations import null_law
from lemmata.calibration.smooth_ece import smooth_ece
from lemmata.errors import LemmataError
from tests.reference import stream


def sample(seed: int, n: int = 3000, groups: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = stream("groups", seed)
    flags = rng.random((n, groups)) < rng.uniform(0.01, 0.6, groups)
    flags[:2] = True
    p = rng.beta(*rng.uniform(0.4, 3.0, 2), n)
    p[:40], p[40:80] = 0.0, 1.0
    return p, (rng.random(n) < p ** rng.uniform(0.7, 1.5)).astype(np.int64), flags


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("grid_size", [256, 1024])
def test_smooth_ece_equals_each_group_by_itself(seed: int, grid_size: int) -> None:
    p, y, groups = sample(seed)
    found = group_smooth_ece(p, y, groups, grid_size, 1e-6)
    single = [smooth_ece(p[m], y[m], 2**15, 1e-7) for m in groups.T]
    # Linear splitting on a grid of h moves the value by at most 0.121 (h / s)^2 of it.
    bound = 0.121 * np.minimum(1 / (grid_size * found), 1 / 20) ** 2 * found + 3e-6
    assert (np.abs(found - single) <= bound).all()


def test_smooth_ece_of_perfect_predictions_is_zero() -> None:
    p = np.repeat([0.0, 1.0], 50)
    groups = np.column_stack([np.ones(100, bool), np.arange(100) < 30])
    assert group_smooth_ece(p, p.astype(int), groups, 256, 1e-6).tolist() == [0.0, 0.0]


def test_null_is_that_of_drawn_outcomes() -> None:
    p, _, groups = sample(1)
    found = null_max_smooth_ece(p, groups, 300, stream("null"))
    rng = stream("null by hand")
    by_hand = []
    for _ in range(60):
        y = (rng.random(len(p)) < p).astype(np.int64)
        by_hand.append(max(smooth_ece(p[m], y[m], 2**14, 1e-6) for m in groups.T))
    spread = np.hypot(np.std(by_hand) / 60**0.5, found.std() / 300**0.5)
    assert abs(found.mean() - np.mean(by_hand)) < 4 * spread
    assert found.std() == pytest.approx(np.std(by_hand), rel=0.35)


def test_null_uses_one_draw_for_all_groups_and_equals_the_exact_solver() -> None:
    """Draws repeated by hand give the same largest values, grid and pruning aside."""
    p, _, groups = sample(2, n=800)
    found = null_max_smooth_ece(p, groups, 20, stream("same"), grid_size=4096, tolerance=1e-6)
    y = (stream("same").random((len(p), 20)) < p[:, None]).astype(np.int64)
    exact = [group_smooth_ece(p, y[:, r], groups, 4096, 1e-6).max() for r in range(20)]
    np.testing.assert_allclose(found, exact, atol=1e-5)
    coarse = null_max_smooth_ece(p, groups, 20, stream("same"))
    np.testing.assert_allclose(coarse, exact, rtol=0.003, atol=2e-4)


def test_null_of_uniform_predictions_follows_the_law() -> None:
    p = stream("uniform").random(4000)
    found = null_max_smooth_ece(p, np.ones((4000, 1), bool), 200, stream("law"))
    assert found.mean() == pytest.approx(null_law(4000), rel=0.07)


def test_table_equals_other_libraries_group_by_group() -> None:
    p, y, groups = sample(3)
    names = [f"g{k}" for k in range(groups.shape[1])]
    table = group_table(p, y, groups, names, bins=10, grid_size=1024, tolerance=1e-6)
    assert table["group"].tolist() == ["all", *names]
    for k, rows in enumerate(np.column_stack([np.ones(len(p), bool), groups]).T):
        row = table.iloc[k]
        assert row["n"] == rows.sum()
        assert row["mean_p"] == pytest.approx(p[rows].mean())
        assert row["mean_y"] == pytest.approx(y[rows].mean())
        assert row["accuracy"] == pytest.approx(accuracy_score(y[rows], np.round(p[rows])))
        assert row["brier"] == pytest.approx(brier_score_loss(y[rows], p[rows]))
        clipped = np.clip(p[rows], 1e-15, 1 - 1e-15)
        assert row["log_loss"] == pytest.approx(log_loss(y[rows], clipped, labels=[0, 1]))
        assert row["binned_ece"] == pytest.approx(binned_ece(p[rows], y[rows], 10))
    assert group_binned_ece(p, y, groups, 7)[0] == pytest.approx(
        binned_ece(p[groups[:, 0]], y[groups[:, 0]], 7)
    )


def test_worst_group_leaves_out_the_row_of_all() -> None:
    table = pd.DataFrame(
        {
            "group": ["all", "a", "b"],
            "smooth_ece": [0.9, 0.1, 0.3],
            "binned_ece": [0.9, 0.4, 0.2],
        }
    )
    expected = {"max_smooth_ece": 0.3, "worst_group": "b", "max_binned_ece": 0.4}
    assert worst_group(table) == expected


def test_floor_tells_calibrated_from_not() -> None:
    p, _, groups = sample(4)
    rng = stream("floor")
    y = (rng.random(len(p)) < p).astype(np.int64)
    calibrated = group_smooth_ece(p, y, groups, 1024, 1e-6).max()
    null = null_max_smooth_ece(p, groups, 200, stream("replicates"))
    found = floor(null, calibrated)
    assert found.p_value > 0.02
    assert found.mean < found.upper
    off = floor(null, 2.5 * found.upper)
    assert off.p_value == pytest.approx(1 / 201)


def test_names_must_fit() -> None:
    p, y, groups = sample(5)
    for names in (["a"], ["all", *"bcdefg"]):
        with pytest.raises(LemmataError, match="7 columns"):
            group_table(p, y, groups, names, bins=10, grid_size=256, tolerance=1e-4)


def test_cumulative_error_by_hand() -> None:
    p = np.array([0.2, 0.4, 0.6, 0.8])
    y = np.array([1, 0, 0, 1])
    groups = np.array([[True, True], [True, False], [True, True], [True, False]])
    ecce, sigma = cumulative_errors(p, y, groups)
    # Walk of all: 0.8, 0.4, -0.2, 0.0; of rows 0 and 2: 0.8, 0.2.
    assert ecce == pytest.approx([(0.8 + 0.2) / 4, 0.8 / 2])
    assert sigma == pytest.approx([np.sqrt(0.8) / 4, np.sqrt(0.16 + 0.24) / 2])


def test_order_of_tied_predictions_does_not_matter() -> None:
    p, y, groups = np.full(100, 0.5), np.arange(100) % 2, np.ones((100, 1), bool)
    order = stream("ties").permutation(100)
    assert cumulative_errors(p, y, groups)[0][0] == pytest.approx(0.0)
    assert cumulative_errors(p, y[order], groups)[0][0] == pytest.approx(0.0)


def test_range_of_brownian_motion_against_simulation() -> None:
    steps = stream("brownian").normal(0.0, 1 / 2000**0.5, (4000, 2000)).cumsum(axis=1)
    ranges = np.maximum(steps.max(axis=1), 0.0) - np.minimum(steps.min(axis=1), 0.0)
    ranges += 2 * 0.5826 / 2000**0.5  # what discrete steps miss at either end
    for r in (0.8, 1.2, 1.6, 2.0, 2.6):
        assert float(range_survival(r)) == pytest.approx((ranges > r).mean(), abs=0.025)
    assert float(range_survival(0.0)) == 1.0
    grid = range_survival(np.linspace(0.05, 6.0, 400))
    assert (np.diff(grid) <= 1e-12).all()


def test_p_value_of_calibrated_predictions_is_about_uniform() -> None:
    rng = stream("uniform p")
    groups = np.ones((400, 1), bool)
    values = []
    for _ in range(300):
        p = rng.random(400)
        values.append(max_cumulative_error(p, (rng.random(400) < p).astype(int), groups).p_value)
    assert np.mean(np.array(values) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_worst_of_groups_and_certain_predictions() -> None:
    p, y, groups = sample(6)
    y = np.where(groups[:, 3], 1, y)
    worst = max_cumulative_error(p, y, groups)
    assert worst.group == 3
    assert worst.p_value < 1e-3
    wrong = max_cumulative_error(np.ones(10), np.zeros(10, int), np.ones((10, 1), bool))
    assert (wrong.value, wrong.p_value) == (1.0, 0.0)
    right = max_cumulative_error(np.ones(10), np.ones(10, int), np.ones((10, 1), bool))
    assert (right.value, right.sigmas) == (0.0, 0.0)
