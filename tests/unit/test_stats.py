"""Intervals against SciPy, statsmodels and their own promise: coverage in simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from lemmata.errors import LemmataError
from lemmata.stats import (
    Interval,
    bootstrap_interval,
    evidence_table,
    exact,
    mean_interval,
    quantile_interval,
    slope_interval,
)

SAMPLE = np.array([0.31, 0.29, 0.35, 0.30, 0.33, 0.28, 0.36])


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_mean_interval_is_students_t(level):
    found = mean_interval(SAMPLE, level)
    assert (found.lower, found.upper) == pytest.approx(
        DescrStatsW(SAMPLE).tconfint_mean(alpha=1 - level), rel=1e-12
    )
    assert (found.lower, found.upper) == pytest.approx(
        stats.t.interval(level, 6, SAMPLE.mean(), stats.sem(SAMPLE)), rel=1e-12
    )
    assert found.value == pytest.approx(np.mean(SAMPLE), rel=1e-15)
    assert found.n == 7


def test_mean_interval_of_two_values_by_hand():
    # mean 1, standard error 1, t quantile of one degree of freedom tan(0.45 pi)
    assert mean_interval([0.0, 2.0], 0.9).upper == pytest.approx(1 + np.tan(0.45 * np.pi))


@given(arrays(np.float64, st.integers(2, 20), elements=st.floats(-1e6, 1e6)))
def test_mean_interval_holds_its_value(values):
    found = mean_interval(values)
    assert found.lower <= found.value <= found.upper


def test_slope_interval_is_ordinary_least_squares():
    rng = np.random.default_rng(3)
    x = rng.normal(size=40)
    y = 2.0 - 0.3 * x + 0.1 * rng.normal(size=40)
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    found = slope_interval(x, y, 0.9)
    assert found.value == pytest.approx(fit.params[1], rel=1e-10)
    assert (found.lower, found.upper) == pytest.approx(fit.conf_int(0.1)[1], rel=1e-10)


def test_slope_recovers_the_exponent_of_a_power_law():
    n = np.array([1e3, 1e4, 1e5, 1e6])
    found = slope_interval(np.log(n), np.log(0.3 * n ** (-1 / 3)))
    assert found == pytest.approx((-1 / 3, -1 / 3, -1 / 3, 4), rel=1e-9)


def test_slope_interval_of_exact_lines_is_no_wider_than_rounding():
    rng = np.random.default_rng(0)
    for x in rng.uniform(0, 10, (200, 6)):
        found = slope_interval(x, 2.0 - x / 3)
        assert found == pytest.approx((-1 / 3, -1 / 3, -1 / 3, 6), rel=1e-9)


def test_bootstrap_interval_is_scipys():
    found = bootstrap_interval(SAMPLE, np.median, 0.9, seed=5)
    theirs = stats.bootstrap(
        (SAMPLE,), np.median, confidence_level=0.9, n_resamples=2000, rng=np.random.default_rng(5)
    ).confidence_interval
    assert found == Interval(float(np.median(SAMPLE)), theirs.low, theirs.high, 7)


def test_bootstrap_interval_nears_students_t_for_a_large_normal_sample():
    x = np.random.default_rng(0).normal(size=1000)
    ours, theirs = bootstrap_interval(x), mean_interval(x)
    width = theirs.upper - theirs.lower
    assert ours[:3] == pytest.approx(theirs[:3], abs=0.06 * width)


def test_bootstrap_interval_depends_on_its_seed_alone():
    np.random.seed(1)  # noqa: NPY002
    first = bootstrap_interval(SAMPLE, seed=5)
    np.random.seed(2)  # noqa: NPY002
    assert bootstrap_interval(SAMPLE, seed=5) == first
    assert bootstrap_interval(SAMPLE, seed=6) != first


@pytest.mark.parametrize(
    ("interval", "low"),
    [(mean_interval, 0.92), (lambda x: bootstrap_interval(x, resamples=400), 0.90)],
    ids=["student", "bootstrap"],
)
def test_coverage(interval, low):
    """A 95% interval holds the mean in 95% of samples; 300 samples give that to +- 2.5 points."""
    rng = np.random.default_rng(11)
    found = [interval(rng.normal(size=30)) for _ in range(300)]
    covered = np.mean([f.lower <= 0.0 <= f.upper for f in found])
    assert low <= covered <= 0.98


def test_slope_coverage():
    rng = np.random.default_rng(12)
    x = np.arange(10.0)
    found = [slope_interval(x, rng.normal(size=10)) for _ in range(500)]
    assert 0.93 <= np.mean([f.lower <= 0.0 <= f.upper for f in found]) <= 0.97


def test_quantile_interval_of_equally_spaced_replicates():
    assert quantile_interval(np.arange(101.0), 0.9) == pytest.approx((50.0, 5.0, 95.0, 101))


def test_quantile_interval_of_normal_replicates():
    x = np.random.default_rng(1).normal(size=200_000)
    assert quantile_interval(x, 0.95)[:3] == pytest.approx(
        stats.norm.ppf([0.5, 0.025, 0.975]), abs=0.02
    )


@pytest.mark.parametrize("interval", [mean_interval, bootstrap_interval, quantile_interval])
def test_equal_values_have_a_point_interval(interval):
    assert interval([0.25] * 5) == Interval(0.25, 0.25, 0.25, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mean_interval([1.0]),
            r"mean_interval: values of shape \(1,\); needs one axis of 2",
        ),
        (lambda: mean_interval([[1.0, 2.0]]), r"shape \(1, 2\)"),
        (lambda: mean_interval([1.0, np.nan]), "1 values are not finite"),
        (lambda: quantile_interval([1.0]), "quantile_interval: values of shape"),
        (lambda: bootstrap_interval([1.0, 2.0]), "needs one axis of 3"),
        (lambda: slope_interval([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), "x must vary"),
        (lambda: slope_interval([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]), "equally long"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(LemmataError, match=message):
        call()


def test_a_statistic_without_spread_is_refused_in_words():
    with pytest.raises(LemmataError, match="hardly varies"):
        bootstrap_interval([1.0, 2.0, 3.0], lambda x, axis: np.zeros(np.delete(x.shape, axis)))


def test_evidence_table_has_a_row_per_statistic():
    frame = evidence_table({"slope": Interval(1.0, 0.5, 1.5, 7), "worst": exact(3, 12)})
    assert frame.to_dict("records") == [
        {"statistic": "slope", "value": 1.0, "lower": 0.5, "upper": 1.5, "n": 7},
        {"statistic": "worst", "value": 3.0, "lower": 3.0, "upper": 3.0, "n": 12},
    ]
    assert frame["n"].dtype == np.int64
