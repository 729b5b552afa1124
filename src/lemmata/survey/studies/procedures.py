"""Do the procedures keep their promises? Coverage, error rates and power where the truth is known.

SYNTHETIC: counts drawn from stated shares, and editions of the simulator; nobody's opinions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lemmata.config import build
from lemmata.stats import Interval, Study, evidence_table, exact, mean_interval
from lemmata.survey.drift import adjusted, permutation_p
from lemmata.survey.shares import wilson
from lemmata.survey.simulate import locations, shift, stances
from lemmata.survey.simulated import CAREER, Design, drifting, question_id

Floats = NDArray[np.float64]
LEVEL = 0.95


def study(
    coverage: Mapping[str, Any],
    permutation: Mapping[str, Any],
    planted: Mapping[str, Any],
    shares: Sequence[Sequence[float]],
    seed: int,
) -> Study:
    """shares: the distributions of two editions whose difference is to be found, (2, K).

    Table: procedure (coverage, power, planted), n, share, rate, lower, upper, cases.
    """
    rng = np.random.default_rng(seed)
    covered = _coverage(**coverage, rng=rng)
    power = _power(**permutation, shares=np.asarray(shares, dtype=float), rng=rng)
    found, proportions = _planted(**planted, rng=rng)
    rates = covered["rate"].to_numpy()
    null = power[power["procedure"] == "null"]
    asked = power[(power["procedure"] == "power") & (power["n"] == ASKED_N)]
    evidence = {
        "least_coverage": exact(rates.min(), int(covered["cases"].sum())),
        "largest_coverage": exact(rates.max(), int(covered["cases"].sum())),
        "null_rejections": _interval(null.iloc[0]),
        "power": _interval(asked.iloc[0]),
        "planted_found": mean_interval(found),
        "false_discoveries": mean_interval(proportions),
    }
    return Study(pd.concat([covered, power], ignore_index=True), evidence_table(evidence))


ASKED_N = 150
"""Respondents per edition at which the power is claimed."""


def _coverage(
    shares: Sequence[float], sizes: Sequence[int], cases: int, rng: np.random.Generator
) -> pd.DataFrame:
    """How often Wilson's interval holds the true share."""
    rows = []
    for n in sizes:
        for share in shares:
            low, high = wilson(rng.binomial(n, share, cases) / n, n, LEVEL)
            hits = int(((low <= share) & (share <= high)).sum())
            rows.append(_rate("coverage", n, share, hits, cases))
    return pd.DataFrame(rows)


def _rate(procedure: str, n: int, share: float, hits: int, cases: int) -> dict[str, Any]:
    low, high = wilson(hits / cases, cases, LEVEL)
    return {
        "procedure": procedure,
        "n": n,
        "share": share,
        "rate": hits / cases,
        "lower": float(low),
        "upper": float(high),
        "cases": cases,
    }


def _interval(row: pd.Series[Any]) -> Interval:
    return Interval(row["rate"], row["lower"], row["upper"], int(row["cases"]))


def _power(
    sizes: Sequence[int], null_size: int, cases: int, null_cases: int, resamples: int,
    shares: Floats,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """How often the permutation test of the distribution rejects at .05."""
    same = np.stack([shares[0], shares[0]])
    rows = [_rejections("null", null_size, null_cases, resamples, same, rng)]
    rows += [_rejections("power", n, cases, resamples, shares, rng) for n in sizes]
    return pd.DataFrame(rows)


def _rejections(
    procedure: str, n: int, cases: int, resamples: int, shares: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    hits = 0
    for _ in range(cases):
        first, second = (np.concatenate([[0], rng.multinomial(n, p)])[None] for p in shares)
        hits += permutation_p(first, second, resamples, rng)["p_moved"] <= 1.0 - LEVEL
    return _rate(procedure, n, np.nan, hits, cases)


def _planted(
    design: Mapping[str, Any], pairs: int, resamples: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Share of the planted drifts found, and share of false ones among the found, by pair."""
    own = build(Design, design, "survey.studies.procedures.planted.design")
    moving = {question_id(q) for q in drifting(own)}
    found, false = [], []
    for _ in range(pairs):
        named = _named(own, resamples, rng)
        found.append(len(named & moving) / len(moving))
        false.append(len(named - moving) / max(1, len(named)))
    return np.array(found), np.array(false)


def _named(design: Design, resamples: int, rng: np.random.Generator) -> set[str]:
    """The questions that BH names as drifted between two simulated editions, all of them common."""
    location = locations(design, rng)
    tables = [_counts(design, location + shift(design, number), rng) for number in (0, 1)]
    rows = [
        {"question": question_id(q), **permutation_p(tables[0][q], tables[1][q], resamples, rng)}
        for q in range(design.questions)
    ]
    judged = adjusted(pd.DataFrame(rows), LEVEL)
    return set(judged.loc[judged["drifted"], "question"])


def _counts(design: Design, location: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Counts by question, career and answer of one simulated edition, (Q, 3, 1 + 5)."""
    n, questions = design.respondents, design.questions
    career = rng.integers(0, len(CAREER), n)
    answers = stances(location, rng.standard_normal(n), career, rng)
    answers = np.where(rng.random(answers.shape) < design.no_stance, 0, answers)
    order = rng.random((n, questions))
    order[:, : design.anchors] = -1.0  # the anchors are always shown
    seen = order.argsort(axis=1).argsort(axis=1) < design.shown
    cell = (np.arange(questions) * len(CAREER) + career[:, None]) * 6 + answers
    return np.bincount(cell[seen], minlength=questions * len(CAREER) * 6).reshape(questions, -1, 6)
