"""The tables that the figures draw, and a page repeats: one row per mark on the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lemmata.survey.aggregates import TOP
from lemmata.survey.gap import FALSE_BELIEF, gap, is_false_belief
from lemmata.survey.instrument import Survey, asked_by
from lemmata.survey.rows import keyed
from lemmata.survey.shares import NO_STANCE, UPPER, Precision


def text_of(survey: Survey, edition: str, question: str) -> str:
    """The words in which an edition asked a question."""
    return asked_by(survey.editions[edition], survey.bank)[question].wording.text


def likert_table(survey: Survey, shares: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Whole distributions: one row per edition, question and category, with net and no stance."""
    whole = shares[(shares["group"] == "") & (shares["position"] > 0)]
    counted = whole.merge(
        measures[["edition", "question", "points", "net", "net_lower", "net_upper"]],
        on=["edition", "question"],
    )
    full = counted.groupby(["edition", "question"])["position"].transform("size")
    own = counted[full == counted["points"]]
    none = shares[(shares["group"] == "") & (shares["position"] == NO_STANCE)]
    missing = none.set_index(["edition", "question"])["share"]
    pairs = list(zip(own["edition"], own["question"], strict=True))
    return own.assign(
        text=[text_of(survey, *pair) for pair in pairs],
        no_stance=[float(missing.get(pair, np.nan)) for pair in pairs],
    ).reset_index(drop=True)


def slopes_table(
    survey: Survey,
    shares: pd.DataFrame,
    measures: pd.DataFrame,
    changes: pd.DataFrame,
    level: float,
) -> pd.DataFrame:
    """Values of the questions that compare, edition by edition, with intervals where n is known."""
    rows = []
    for question, part in changes.groupby("question", sort=False):
        statistic = str(part["statistic"].iloc[0])
        editions = list(dict.fromkeys([*part["first"], *part["second"]]))
        for edition in editions:
            row = measure_of(measures, edition, str(question))
            rows.append(
                {
                    "edition": edition,
                    "year": survey.editions[edition].year,
                    "question": question,
                    "text": text_of(survey, edition, str(question)),
                    "unit": _unit(survey, str(question), statistic),
                    "n": row["n"],
                    "drifted": bool(part["drifted"].fillna(False).any()),
                    **_value(row, statistic, shares, level),
                }
            )
    columns = [
        "edition",
        "year",
        "question",
        "text",
        "unit",
        "n",
        "drifted",
        "value",
        "lower",
        "upper",
    ]
    return pd.DataFrame(rows, columns=columns).astype({"n": "Int64"})


def _unit(survey: Survey, question: str, statistic: str) -> str:
    return {"mean stance": "mean stance", "upper end": "percent"}.get(
        statistic, survey.bank[question].unit
    )


def _value(
    row: pd.Series[Any], statistic: str, shares: pd.DataFrame, level: float
) -> dict[str, float]:
    if statistic == "mean stance":
        return {"value": row["mean"], "lower": row["mean_lower"], "upper": row["mean_upper"]}
    if statistic == "mean":
        half = stdtrit(row["n"] - 1, 0.5 + level / 2) * row["forecast_sd"] / np.sqrt(row["n"])
        mean = row["forecast_mean"]
        return {"value": mean, "lower": mean - half, "upper": mean + half}
    if statistic == "median":
        return {"value": row["median"], "lower": np.nan, "upper": np.nan}
    own = shares[
        (shares["edition"] == row["edition"])
        & (shares["question"] == row["question"])
        & (shares["group"] == "")
        & (shares["position"] == UPPER)
    ]
    ends = (
        own[["lower", "upper"]].iloc[0] * 100.0 if len(own) else {"lower": np.nan, "upper": np.nan}
    )
    return {
        "value": row["top"] * 100.0,
        "lower": float(ends["lower"]),
        "upper": float(ends["upper"]),
    }


def predicted_table(
    survey: Survey, answers: Mapping[str, pd.DataFrame], shares: pd.DataFrame,
    measures: pd.DataFrame, precision: Precision,
) -> pd.DataFrame:  # fmt: skip
    """Predicted against actual share, with the gap's interval.

    From respondents by bootstrap; from aggregates the actual share's Wilson interval alone, since
    the spread of what people predicted was not published.
    """
    rows = []
    upper = shares[(shares["group"] == "") & (shares["position"] == UPPER)]
    known = keyed(upper, "edition", "question")
    for row in measures[measures["predicted"].notna()].to_dict("records"):
        edition, question = str(row["edition"]), str(row["question"])
        asked = asked_by(survey.editions[edition], survey.bank)[question]
        actual = known[edition, question]
        found = None
        if len(answers[edition]):
            found = gap(answers[edition], asked, precision)
        low, high = row["predicted"] - actual["upper"], row["predicted"] - actual["lower"]
        middle = row["predicted"] - actual["share"]
        if found is not None:
            middle, low, high, _ = found
        rows.append(
            {
                "edition": edition,
                "question": question,
                "text": asked.wording.text,
                "actual": actual["share"],
                "lower": actual["lower"],
                "upper": actual["upper"],
                "predicted": row["predicted"],
                "gap": middle,
                "gap_lower": low,
                "gap_upper": high,
                "n": actual["n"],
                "n_basis": actual["n_basis"],
                "false_belief": (low > 0 or high < 0) and abs(middle) >= FALSE_BELIEF
                if found is None
                else is_false_belief(found),
            }
        )
    return pd.DataFrame(rows).astype({"n": "Int64"})


def consensus_table(survey: Survey, measures: pd.DataFrame) -> pd.DataFrame:
    """The three indices of every question whose whole distribution is known."""
    own = measures[measures["consensus"].notna()]
    pairs = zip(own["edition"], own["question"], strict=True)
    columns = ["edition", "year", "question", "consensus", "agreement", "variance", "n", "n_basis"]
    found = own[columns].assign(text=[text_of(survey, *pair) for pair in pairs])
    return found.reset_index(drop=True)


def statements_table(survey: Survey, shares: pd.DataFrame) -> pd.DataFrame:
    """The upper end of the questions of which nothing else was published, with its interval."""
    own = shares[(shares["group"] == "") & (shares["position"] == UPPER) & shares["n"].notna()]
    own = own[own["category"] == TOP]
    whole = shares[(shares["group"] == "") & (shares["position"] > 0)][["edition", "question"]]
    keys = set(map(tuple, whole.to_numpy()))
    pairs = list(zip(own["edition"], own["question"], strict=True))
    kept = own[pd.Series([pair not in keys for pair in pairs], index=own.index, dtype=bool)]
    texts = [text_of(survey, e, q) for e, q in zip(kept["edition"], kept["question"], strict=True)]
    return kept.assign(text=texts).sort_values("share").reset_index(drop=True)


def measure_of(measures: pd.DataFrame, edition: str, question: str) -> pd.Series[Any]:
    """The row of one question in one edition."""
    own = measures[(measures["edition"] == edition) & (measures["question"] == question)]
    return own.iloc[0]
