"""Time of RFT and SFT against the initial STD: closed forms, the flow integrated, descent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import linregress

from lemmata.reinforcement_finetuning.exact import time_separation as times
from lemmata.reinforcement_finetuning.exact.surrogates import group_factor, population_factor
from lemmata.reinforcement_finetuning.objectives import GROUP_FLOOR
from lemmata.stats import Interval, Study, evidence_table, exact, slope_interval, worst

CLOSED: Mapping[str, Callable[[float, int], float]] = {
    "rft": times.rft_time,
    "sft": times.sft_time,
}
SMALL = 1e-2
"""Initial probabilities up to this are small: exponents are those of small STD."""
RESTS: tuple[times.Rest, ...] = ("uniform", "peaked")
METHODS: tuple[times.Method, ...] = ("rft", "sft")


def study(
    labels: int,
    probabilities: Sequence[float],
    descent_from: float,
    step: float,
    groups: Sequence[int],
) -> Study:
    """Table: method, rest, how (closed form, flow, descent), q0, std, time.

    descent_from: smallest q0 that gradient descent with this step starts from; groups: sizes of
    GRPO's groups, whose expected flow is integrated beside that of a group without end.
    """
    rows = [row for q0 in probabilities for row in _rows(q0, labels, descent_from, step)]
    rows += [row for q0 in probabilities for row in _surrogates(q0, labels, groups)]
    table = pd.DataFrame(rows)
    return Study(table, evidence_table(_evidence(table, groups)))


def _row(method: str, rest: str, how: str, q0: float, time: float) -> dict[str, Any]:
    std = times.reward_std(q0)
    return {"method": method, "rest": rest, "how": how, "q0": q0, "std": std, "time": time}


def _rows(q0: float, labels: int, descent_from: float, step: float) -> Iterator[dict[str, Any]]:
    for method in METHODS:
        yield _row(method, "uniform", "closed form", q0, CLOSED[method](q0, labels))
        for rest in RESTS:
            yield _row(method, rest, "flow", q0, times.ode_time(method, q0, labels, rest))
            if q0 >= descent_from:
                time = times.descent_time(method, q0, labels, rest, step)
                yield _row(method, rest, "descent", q0, time)


def _surrogates(q0: float, labels: int, groups: Sequence[int]) -> Iterator[dict[str, Any]]:
    for size in groups:
        time = times.flow_time(lambda q, g=size: float(group_factor(q, g, GROUP_FLOOR)), q0, labels)  # type: ignore[misc]
        yield _row(f"grpo_{size}", "uniform", "flow", q0, time)
    time = times.flow_time(lambda q: float(population_factor(q, GROUP_FLOOR)), q0, labels)
    yield _row("grpo_population", "uniform", "flow", q0, time)


def _evidence(table: pd.DataFrame, groups: Sequence[int]) -> dict[str, Interval]:
    flow = table[table["how"] == "flow"]
    small = flow[flow["q0"] <= SMALL]
    found = {
        f"{method}_slope": worst_slope(small[small["method"] == method])
        for method in ("rft", *(f"grpo_{size}" for size in groups), "grpo_population")
    }
    lines = [part for _, part in small[small["method"] == "sft"].groupby("rest")]
    fits = [linregress(np.log(1 / part["std"]), part["time"]).rvalue ** 2 for part in lines]
    found["least_r_squared_of_sft"] = exact(min(fits), sum(map(len, lines)))
    closed = table[table["how"] == "closed form"].set_index(["method", "q0"])["time"]
    for how in ("flow", "descent"):
        own = table[(table["how"] == how) & (table["rest"] == "uniform")]
        found_by = own[own["method"].isin(METHODS)].set_index(["method", "q0"])["time"]
        gap = (found_by / closed.loc[found_by.index] - 1.0).abs()
        found[f"largest_gap_of_{how}"] = exact(float(gap.max()), len(gap))
    return found


def worst_slope(part: pd.DataFrame) -> Interval:
    """Slope of log time on log STD over all kinds of rest: the hull of their intervals."""
    slopes = [slope_interval(np.log(p["std"]), np.log(p["time"])) for _, p in part.groupby("rest")]
    low, high = worst(slopes, largest=False), worst(slopes)
    return Interval((low.value + high.value) / 2, low.lower, high.upper, high.n)
