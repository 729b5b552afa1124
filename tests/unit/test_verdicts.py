"""The verdict on an interval, by hand and on all intervals, and how parts combine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lemmata.claims import VERDICTS, combine, verdict
from lemmata.errors import LemmataError

ONE_SIDED = ("<=", "<", ">=", ">")
finite = st.floats(-1e3, 1e3)
intervals = st.tuples(finite, finite).map(lambda pair: tuple(sorted(pair)))
criteria = st.one_of(
    st.tuples(st.sampled_from(ONE_SIDED), finite), st.tuples(st.just("between"), intervals)
)
MEETS = {
    "<=": lambda x, t: x <= t,
    "<": lambda x, t: x < t,
    ">=": lambda x, t: x >= t,
    ">": lambda x, t: x > t,
    "between": lambda x, t: t[0] <= x <= t[1],
}


@pytest.mark.parametrize(
    ("lower", "upper", "comparison", "threshold", "expected"),
    [
        (0.0, 1.0, "<=", 1.0, "supported"),
        (0.0, 1.0, "<", 1.0, "inconclusive"),
        (1.0, 2.0, "<=", 1.0, "inconclusive"),
        (1.0, 2.0, "<", 1.0, "refuted"),
        (1.1, 2.0, "<=", 1, "refuted"),
        (1.0, 2.0, ">=", 1.0, "supported"),
        (1.0, 2.0, ">", 1.0, "inconclusive"),
        (0.0, 1.0, ">=", 1.0, "inconclusive"),
        (0.0, 1.0, ">", 1.0, "refuted"),
        (0.0, 0.9, ">=", 1.0, "refuted"),
        (1.0, 2.0, "between", (1.0, 2.0), "supported"),
        (0.9, 2.0, "between", (1.0, 2.0), "inconclusive"),
        (0.0, 3.0, "between", (1.0, 2.0), "inconclusive"),
        (0.0, 1.0, "between", (1.0, 2.0), "inconclusive"),
        (0.0, 0.9, "between", (1.0, 2.0), "refuted"),
        (2.1, 3.0, "between", (1.0, 2.0), "refuted"),
        (1.0, 1.0, "between", (1.0, 1.0), "supported"),
    ],
)
def test_verdict_by_hand(lower, upper, comparison, threshold, expected):
    assert verdict(lower, upper, comparison, threshold) == expected


@given(intervals, criteria, st.lists(st.floats(0.0, 1.0), max_size=5))
def test_verdict_says_what_the_points_of_the_interval_do(interval, criterion, inside):
    """Exactly one verdict, and no point of the interval contradicts it."""
    comparison, threshold = criterion
    lower, upper = interval
    found = verdict(lower, upper, comparison, threshold)
    points = [lower, upper, *(min(max(lower + u * (upper - lower), lower), upper) for u in inside)]
    meets = [MEETS[comparison](x, threshold) for x in points]
    assert found in ("supported", "refuted", "inconclusive")
    assert found != "supported" or all(meets)
    assert found != "refuted" or not any(meets)
    if comparison != "between":  # the end points decide a one-sided criterion
        assert (found == "inconclusive") == (meets[0] != meets[1])


@given(intervals, criteria, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_narrower_interval_never_changes_a_decided_verdict(interval, criterion, a, b):
    lower, upper = interval
    inner = sorted(min(max(lower + u * (upper - lower), lower), upper) for u in (a, b))
    wide, narrow = verdict(lower, upper, *criterion), verdict(*inner, *criterion)
    assert wide in ("inconclusive", narrow)


@given(intervals, st.sampled_from(ONE_SIDED), finite, finite)
def test_verdict_is_monotone_in_the_threshold(interval, comparison, first, second):
    """A weaker threshold never makes a verdict worse."""
    order = ["refuted", "inconclusive", "supported"]
    low, high = sorted((first, second))
    strict, weak = (low, high) if comparison in ("<=", "<") else (high, low)
    ranks = [order.index(verdict(*interval, comparison, t)) for t in (strict, weak)]
    assert ranks[0] <= ranks[1]


@given(intervals, finite)
def test_opposite_comparisons_give_opposite_verdicts(interval, threshold):
    opposite = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}
    for one, other in (("<=", ">"), ("<", ">=")):
        assert verdict(*interval, other, threshold) == opposite[verdict(*interval, one, threshold)]


@pytest.mark.parametrize(
    ("comparison", "threshold"), [("<=", (0.0, 1.0)), ("between", 1.0), ("=", 1)]
)
def test_verdict_refuses_a_comparison_that_does_not_fit(comparison, threshold):
    with pytest.raises(LemmataError, match="does not go with"):
        verdict(0.0, 1.0, comparison, threshold)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "refuted"], "refuted"),
        (["inconclusive", "refuted"], "refuted"),
        (["supported", "inconclusive"], "inconclusive"),
        (["supported", "not tested"], "inconclusive"),
    ],
)
def test_parts_combine(parts, expected):
    assert combine(parts) == combine(reversed(parts)) == expected


def test_there_are_four_verdicts():
    assert VERDICTS == ("supported", "refuted", "inconclusive", "not tested")
