"""Aggregates that others published: typed in with their sources, never turned into microdata.

A file aggregates.csv of an edition: question, group, statistic, category, value, n, n_basis,
citation. Values are as printed (percent, years); n is empty where our sources do not state it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lemmata.errors import LemmataError
from lemmata.survey.instrument import Asked
from lemmata.survey.rows import tuples

COLUMNS = (
    "question",
    "group",
    "statistic",
    "category",
    "value",
    "n",
    "n_basis",
    "citation",
)
STATISTICS = ("share", "predicted", "mean", "sd", "median")
BASES = ("reported", "upper bound", "not stated")
TOP = "upper end"
"""Category of a published share that sums the upper end of a scale."""


def read_aggregates(path: Path, asked: Mapping[str, Asked]) -> pd.DataFrame:
    """Read and check a file of aggregates; raises LemmataError naming file, line and key."""
    try:
        with path.open() as stream:
            frame = pd.read_csv(stream, dtype={"category": "str", "group": "str"})
    except (OSError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise LemmataError(f"{path}: not a readable CSV table ({error})") from error
    if tuple(frame.columns) != COLUMNS:
        raise LemmataError(f"{path}: columns must be {', '.join(COLUMNS)}")
    frame = frame.assign(group=frame["group"].fillna(""), category=frame["category"].fillna(""))
    for row in tuples(frame):
        _check_row(row, asked, f"{path}: line {int(str(row.Index)) + 2}")
    double = frame.duplicated(["question", "group", "statistic", "category"])
    if double.any():
        row = tuples(frame[double])[0]
        raise LemmataError(f"{path}: {row.question} {row.statistic}: stated twice")
    _check_sums(frame, asked, str(path))
    return frame.astype({"value": "float64", "n": "Int64"})


def _check_row(row: object, asked: Mapping[str, Asked], name: str) -> None:
    question, statistic = getattr(row, "question", ""), getattr(row, "statistic", "")
    if question not in asked:
        raise LemmataError(f"{name}: question {question!r}: not asked; allowed: {', '.join(asked)}")
    if statistic not in STATISTICS:
        raise LemmataError(f"{name}: statistic {statistic!r}: allowed: {', '.join(STATISTICS)}")
    basis = getattr(row, "n_basis", "")
    if basis not in BASES or pd.isna(getattr(row, "n", None)) != (basis == "not stated"):
        raise LemmataError(f"{name}: n_basis {basis!r}: allowed: {', '.join(BASES)}, and n with it")
    if not isinstance(getattr(row, "citation", None), str):
        raise LemmataError(f"{name}: citation: missing")
    labels = asked[question].labels
    category = getattr(row, "category", "")
    if statistic == "share" and category not in (*labels, TOP):
        raise LemmataError(f"{name}: category {category!r}: allowed: {', '.join((*labels, TOP))}")
    if statistic in ("share", "predicted") and not 0 <= getattr(row, "value", -1.0) <= 100:
        raise LemmataError(f"{name}: value {getattr(row, 'value', None)}: must be a percentage")


def _check_sums(frame: pd.DataFrame, asked: Mapping[str, Asked], name: str) -> None:
    """A whole distribution sums to 100, up to the rounding of its entries."""
    shares = frame[(frame["statistic"] == "share") & (frame["category"] != TOP)]
    for (question, group), part in shares.groupby(["question", "group"]):
        whole = len(part) == len(asked[str(question)].labels)
        total = float(part["value"].sum())
        if (whole and abs(total - 100.0) > 0.5 * len(part)) or total > 100.0 + 0.5 * len(part):
            raise LemmataError(f"{name}: {question} {group}: shares sum to {total:g}, not 100")


def distribution(frame: pd.DataFrame, asked: Asked) -> list[float] | None:
    """Shares of the categories, lowest first, made to sum to 1; None where one is not known."""
    own = frame[
        (frame["question"] == asked.question.id)
        & (frame["statistic"] == "share")
        & (frame["group"] == "")
    ].set_index("category")["value"]
    if not asked.labels or not set(asked.labels) <= set(own.index):
        return None
    values = [float(own[label]) for label in asked.labels]
    return [value / sum(values) for value in values]
