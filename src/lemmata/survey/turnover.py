"""What an edition keeps of the last one: topics, anchors, questions added and retired."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from lemmata.survey.instrument import Edition, Survey


def jaccard(first: set[str], second: set[str]) -> float:
    """Common over all members; 1 for two empty sets."""
    union = first | second
    return len(first & second) / len(union) if union else 1.0


def turnover(survey: Survey, series: Sequence[str]) -> pd.DataFrame:
    """One row per edition after the first of its series.

    Columns: edition, before, jaccard of the topics, anchors (share of this edition's questions),
    kept, added, retired (numbers of questions).
    """
    rows = []
    for name in series:
        editions = survey.series(name)
        for before, now in pairwise(editions):
            rows.append(_changed(survey, before, now))
    columns = ["edition", "before", "jaccard", "anchors", "kept", "added", "retired"]
    return pd.DataFrame(rows, columns=columns)


def _changed(survey: Survey, before: Edition, now: Edition) -> dict[str, Any]:
    first, second = set(before.questions), set(now.questions)
    return {
        "edition": now.id,
        "before": before.id,
        "jaccard": jaccard(topics(survey, before), topics(survey, now)),
        "anchors": sum(survey.bank[q].anchor for q in second) / len(second),
        "kept": len(first & second),
        "added": len(second - first),
        "retired": len(first - second),
    }


def topics(survey: Survey, edition: Edition) -> set[str]:
    """The topics that an edition asks about."""
    return {survey.bank[question].topic for question in edition.questions}


def strip(survey: Survey) -> pd.DataFrame:
    """One row per edition and topic: how many of its questions, how many of them anchors."""
    rows = [
        {
            "series": edition.series,
            "edition": edition.id,
            "year": edition.year,
            "topic": topic,
            "questions": len(own),
            "anchors": sum(survey.bank[q].anchor for q in own),
        }
        for edition in survey.editions.values()
        for topic in sorted(topics(survey, edition))
        for own in [[q for q in edition.questions if survey.bank[q].topic == topic]]
    ]
    return pd.DataFrame(rows)
