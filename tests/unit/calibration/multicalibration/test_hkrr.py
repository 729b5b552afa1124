"""HKRR against a literal point-by-point version, its invariants, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lemmata.calibration.multicalibration.hkrr import HKRR, violations
from lemmata.errors import LemmataError
from tests.reference import stream

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]


def sample(seed: int, n: int = 600, groups: int = 5) -> Sample:
    """Predictions that are off by group: p, y, groups."""
    rng = stream("hkrr", seed)
    flags = rng.random((n, groups)) < rng.uniform(0.1, 0.6, groups)
    flags[0] = True
    p = rng.beta(*rng.uniform(0.5, 3.0, 2), n)
    p[:10], p[10:20] = 0.0, 1.0
    truth = np.clip(p + 0.25 * flags[:, 0] - 0.2 * flags[:, 1], 0.0, 1.0)
    return p, (rng.random(n) < truth).astype(np.int64), flags


def literal(model: HKRR, p: np.ndarray, y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The algorithm as published, with loops over points and no tricks; the same random draws."""
    rng = np.random.Generator(np.random.Philox(model.seed))
    x = [float(value) for value in p]
    group_order = rng.permutation(groups.shape[1])
    bucket_order = rng.permutation(model.buckets)

    def bucket(value: float) -> int:
        return min(max(math.ceil(round(value * model.buckets, 9)) - 1, 0), model.buckets - 1)

    while True:
        changed = False
        for g in group_order:
            members = [i for i in range(len(x)) if groups[i, g]]
            for v in bucket_order:
                cell = [i for i in members if bucket(x[i]) == v]
                if not cell or len(cell) < model.alpha * model.bucket_width * len(members):
                    continue
                vhat = float(np.mean([x[i] for i in cell]))
                ybar = float(np.mean([float(y[i]) for i in cell]))
                omega = model.alpha / 4
                if model.oracle:
                    if abs(ybar - vhat) < 2 * omega:
                        continue
                    far = abs(ybar - vhat) > 4 * omega and not model.official
                    delta = (ybar if far else rng.uniform(ybar - omega, ybar + omega)) - vhat
                else:
                    delta = ybar - vhat
                    if abs(delta) < model.bucket_width / 10:
                        continue
                for i in cell:
                    x[i] = min(max(x[i] + delta, 0.0), 1.0)
                changed = True
        if not changed:
            return np.array(x)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "options",
    [
        {"alpha": 0.1},
        {"alpha": 0.05, "official": True},
        {"alpha": 0.1, "oracle": False},
        {"alpha": 0.1, "bucket_width": 0.2},
    ],
    ids=str,
)
def test_equals_the_literal_algorithm(seed: int, options: dict[str, float]) -> None:
    p, y, groups = sample(seed)
    model = HKRR(**options, seed=seed).fit(p, y, groups)
    assert model.updates_
    np.testing.assert_allclose(model.fitted_, literal(model, p, y, groups), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0.2, 0.1, 0.05, 0.025]),
    st.sampled_from([{}, {"official": True}, {"oracle": False}]),
)
def test_keeps_what_it_owes(seed: int, alpha: float, options: dict[str, bool]) -> None:
    p, y, groups = sample(seed, n=400)
    model = HKRR(alpha, **options, seed=seed).fit(p, y, groups)  # type: ignore[arg-type]
    found = violations(model, p, y, groups)
    assert found["largest_brier_increase"] <= 0.0
    assert found["updates_over_bound"] <= 0.0
    assert found["cell_error_over_bound"] < 0.0
    assert found["replay_difference"] == 0.0


def test_each_update_lowers_the_brier_score_by_its_square() -> None:
    p, y, groups = sample(1)
    p = 0.3 + 0.4 * p  # far from the walls: little is clipped
    model = HKRR(0.1, oracle=False).fit(p, y, groups)
    owed = np.array([-u.rows / len(p) * u.delta**2 for u in model.updates_])
    found = np.array([u.brier_change for u in model.updates_])
    assert (found <= owed + 1e-12).all()  # clipping only helps
    assert np.isclose(found, owed, rtol=1e-9, atol=1e-15).mean() > 0.5
    with_oracle = HKRR(0.1, official=True).fit(p, y, groups)
    for update in with_oracle.updates_:
        assert update.brier_change <= -(3 / 16) * 0.1**2 * update.rows / len(p) + 1e-12


def test_binned_error_of_every_group_is_bounded() -> None:
    p, y, groups = sample(2)
    model = HKRR(0.1).fit(p, y, groups)
    bucket = model.bucket_of(model.fitted_)
    for rows in groups.T:
        sums = np.bincount(bucket[rows], weights=(model.fitted_ - y)[rows], minlength=10)
        assert np.abs(sums).sum() / rows.sum() <= 1.5 * 0.1


def test_snap_gives_bucket_means_and_buckets_are_half_open() -> None:
    p, y, groups = sample(3)
    model = HKRR(0.1).fit(p, y, groups)
    out = model.predict(p, groups)
    assert len(np.unique(out)) <= 10
    bucket = model.bucket_of(model.fitted_)
    for v in np.unique(bucket):
        assert out[bucket == v] == pytest.approx(model.fitted_[bucket == v].mean())
    edges = np.array([0.0, 0.1, 0.1000001, 0.3, 0.30000000000000004, 0.7, 1.0])
    assert model.bucket_of(edges).tolist() == [0, 0, 1, 2, 2, 6, 9]


def test_calibrated_cells_are_left_alone() -> None:
    p = np.repeat([0.25, 0.75], 200)
    y = np.concatenate([np.arange(200) < 50, np.arange(200) < 150]).astype(int)
    groups = np.ones((400, 1), dtype=bool)
    model = HKRR(0.1).fit(p, y, groups)
    assert model.updates_ == []
    assert np.array_equal(model.predict(p, groups), p)


def test_official_oracle_draws_where_ours_answers_the_mean() -> None:
    p = np.full(100, 0.25)
    y = (np.arange(100) < 80).astype(int)  # further off than alpha
    groups = np.ones((100, 1), dtype=bool)
    ours = HKRR(0.1).fit(p, y, groups)
    official = HKRR(0.1, official=True).fit(p, y, groups)
    assert ours.fitted_ == pytest.approx(0.8)
    assert 0.0 < abs(official.fitted_[0] - 0.8) <= 0.025


def test_seeds_decide_everything() -> None:
    p, y, groups = sample(4)
    first, again, other = (HKRR(0.05, seed=s).fit(p, y, groups) for s in (0, 0, 1))
    assert np.array_equal(first.fitted_, again.fitted_)
    assert not np.array_equal(first.fitted_, other.fitted_)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"alpha": 0.0}, "alpha = 0.0: must lie in (0, 1)"),
        ({"alpha": 0.1, "bucket_width": 0.3}, "bucket_width = 0.3: must be 1 / a whole number"),
    ],
)
def test_refuses_parameters(arguments: dict[str, float], said: str) -> None:
    with pytest.raises(LemmataError, match="hkrr") as error:
        HKRR(**arguments)
    assert said in str(error.value)


def test_gives_up_after_max_sweeps() -> None:
    p, y, groups = sample(5)
    with pytest.raises(LemmataError, match="max_sweeps = 1"):
        HKRR(0.05, max_sweeps=1).fit(p, y, groups)
