"""All editions beside each other: what moved, what was kept, and the tables that figures draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lemmata.survey.drawn import (
    consensus_table,
    likert_table,
    predicted_table,
    slopes_table,
    statements_table,
)
from lemmata.survey.drift import comparable, drift, least_n, welch_p
from lemmata.survey.instrument import Edition, Survey, asked_by, parse_bank, parse_edition
from lemmata.survey.rows import keyed
from lemmata.survey.shares import Precision
from lemmata.survey.turnover import strip, turnover

MOVED = (
    "series", "question", "first", "second", "statistic", "first_value", "second_value", "change",
    "first_n", "second_n", "test", "p", "p_holm", "p_fdr", "drifted", "least_n", "moved",
    "mean_post_stratified", "panel_n", "panel_p",
)  # fmt: skip


def survey_from(editions: Sequence[Any], bank: Sequence[Any]) -> Survey:
    """A survey from plain values, as a job's cfg holds them."""
    questions = parse_bank(bank, "question bank")
    parsed = [parse_edition(values, questions, f"edition {values['id']}") for values in editions]
    return Survey(questions, {edition.id: edition for edition in parsed})


def moved(
    survey: Survey,
    answers: Mapping[str, pd.DataFrame],
    measures: pd.DataFrame,
    precision: Precision,
) -> pd.DataFrame:
    """Every comparable question between an edition and the last one before it that asked it.

    Respondents known: permutation tests with Holm's and Benjamini and Hochberg's p over the pair's
    questions. Aggregates alone: Welch's test from mean, SD and n, a z test from two shares with n,
    and where one n is not stated no test, but the least n at which there would be a difference.
    """
    rows: list[dict[str, Any]] = []
    for now in survey.editions.values():
        left = set(now.questions)
        for before in reversed(survey.earlier(now.id)):
            own = set(survey.editions[before].questions) & left
            left -= own
            if own:
                pair = survey.editions[before], now
                rows += _pair(survey, pair, own, answers, measures, precision)
    frame = pd.DataFrame(rows, columns=list(MOVED))
    kinds = {"first_n": "Int64", "second_n": "Int64", "least_n": "Int64", "panel_n": "Int64"}
    return frame.astype(kinds | {"drifted": "boolean"})


def _pair(
    survey: Survey, pair: tuple[Edition, Edition], questions: set[str],
    answers: Mapping[str, pd.DataFrame], measures: pd.DataFrame, precision: Precision,
) -> list[dict[str, Any]]:  # fmt: skip
    before, now = (asked_by(edition, survey.bank) for edition in pair)
    shared = [name for name in comparable(before, now) if name in questions]
    own = {"series": pair[1].series, "first": pair[0].id, "second": pair[1].id}
    frames = answers[pair[0].id], answers[pair[1].id]
    if all(len(frame) for frame in frames):
        wanted = {n: before[n] for n in shared}, {n: now[n] for n in shared}
        moves = drift(frames, wanted, precision.resamples, precision.level, precision.seed)
        return [own | _permuted(row) for row in keyed(moves, "question").values()]
    known = keyed(measures, "edition", "question")
    first, second = ({n: known.get((edition.id, n)) for n in shared} for edition in pair)
    told = {n: _published(first[n], second[n], precision) for n in shared}
    return [own | {"question": name} | row for name, row in told.items() if row]


def _permuted(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("question", "first_n", "second_n", "p_holm", "p_fdr", "drifted", "moved",
            "mean_post_stratified", "panel_n", "panel_p")  # fmt: skip
    return {
        **{key: row[key] for key in kept},
        "statistic": "mean stance",
        "first_value": row["first_mean"],
        "second_value": row["second_mean"],
        "change": row["mean"],
        "test": "permutation",
        "p": row["p_moved"],
    }


def _published(
    a: Mapping[str, Any] | None, b: Mapping[str, Any] | None, precision: Precision
) -> dict[str, Any]:
    """One question known by aggregates; empty where the editions published nothing alike."""
    if a is None or b is None:
        return {}
    statistic = next((s for s in STATISTICS if not (pd.isna(a[s]) or pd.isna(b[s]))), None)
    if statistic is None:
        return {}
    sizes = [None if pd.isna(row["n"]) else int(row["n"]) for row in (a, b)]
    first, second = float(a[statistic]), float(b[statistic])
    test, p, least = "none: n not stated", np.nan, None
    if statistic == "forecast_mean" and None not in sizes:
        ends = [(row["forecast_mean"], row["forecast_sd"], int(row["n"])) for row in (a, b)]
        test, p = "Welch", welch_p(*ends)
    elif statistic == "top" and None not in sizes:
        from statsmodels.stats.proportion import proportions_ztest  # loads scipy.stats: dear

        counts = np.array([first * int(a["n"]), second * int(b["n"])])
        test, p = "z test", float(proportions_ztest(counts, np.array(sizes))[1])
    elif statistic == "top" and sizes[0] is None and sizes[1] is not None and first != second:
        least = least_n(first, second, sizes[1], 1.0 - precision.level)
    return {
        "statistic": STATISTICS[statistic],
        "first_value": first,
        "second_value": second,
        "change": second - first,
        "first_n": sizes[0],
        "second_n": sizes[1],
        "test": test,
        "p": p,
        "drifted": None if np.isnan(p) else p < 1.0 - precision.level,
        "least_n": least,
    }


STATISTICS = {"forecast_mean": "mean", "median": "median", "top": "upper end"}


class Compared(NamedTuple):
    """What the cross-edition job writes; the last six are drawn."""

    moved: pd.DataFrame
    turnover: pd.DataFrame
    shares: pd.DataFrame
    likert: pd.DataFrame
    slopes: pd.DataFrame
    predicted: pd.DataFrame
    consensus: pd.DataFrame
    topics: pd.DataFrame
    statements: pd.DataFrame


def compare(
    editions: Sequence[Any], bank: Sequence[Any], tables: Mapping[str, Sequence[pd.DataFrame]],
    precision: Mapping[str, Any],
) -> Compared:  # fmt: skip
    """Everything across editions. tables: answers, shares, measures, one of each edition."""
    survey, exactness = survey_from(editions, bank), Precision(**precision)
    answers = dict(zip(survey.editions, tables["answers"], strict=True))
    shares, measures = (stacked(tables[kind]) for kind in ("shares", "measures"))
    changes = moved(survey, answers, measures, exactness)
    series = list(dict.fromkeys(edition.series for edition in survey.editions.values()))
    return Compared(
        changes,
        turnover(survey, series),
        shares,
        likert_table(survey, shares, measures),
        slopes_table(survey, shares, measures, changes, exactness.level),
        predicted_table(survey, answers, shares, measures, exactness),
        consensus_table(survey, measures),
        strip(survey),
        statements_table(survey, shares),
    )


def stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of editions as one; empty ones, whose columns have no type, left out."""
    kept = [table for table in tables if len(table)]
    return pd.concat(kept or list(tables[:1]), ignore_index=True)
