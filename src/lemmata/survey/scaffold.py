"""The folder of a new edition, with the anchors of its series carried over."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import yaml

from lemmata.errors import LemmataError
from lemmata.survey.instrument import SHORT, Survey, load_survey
from lemmata.survey.schemas import IDENTIFIER

CONSENT = (
    "We ask for your opinions on machine learning. Taking part is voluntary. We publish counts, "
    "never single answers, and no group of fewer than five people. Free answers are not published "
    "unless you permit it in writing. You may withdraw at any time, with the receipt that you get "
    "at the end."
)
SAMPLING = "invited"
STRATA = {
    "career": ["student", "early career", "senior"],
    "sector": ["university", "company", "other"],
    "region": ["Africa", "Americas", "Asia and Oceania", "Europe"],
}


def new_edition(folder: Path, edition: str, series: str, year: int) -> list[Path]:
    """Write config/survey/<edition>/ and return its files. folder: config/survey.

    Raises LemmataError where the edition exists, its name is not allowed, or no anchor is known.
    """
    survey = load_survey(folder)
    target = folder / edition
    if not re.fullmatch(IDENTIFIER, edition):
        raise LemmataError(f"survey: edition {edition!r}: lower-case letters, digits, underscores")
    if target.exists():
        raise LemmataError(f"survey: {target} exists already")
    anchors = anchors_of(survey, series)
    target.mkdir()
    (target / "responses").mkdir()
    files = {
        target / "edition.yaml": _edition(edition, series, year, anchors),
        target / "withdrawn.yaml": "# Receipts of who withdrew, one a line: - 0123abcd...\n[]\n",
        target / "responses" / ".gitkeep": "",
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    load_survey(folder)
    return list(files)


def anchors_of(survey: Survey, series: str) -> dict[str, str]:
    """The anchors of a series that are not retired, each in its latest wording."""
    found = {
        question.id: question.wordings[-1].sha256[:SHORT]
        for question in survey.bank.values()
        if question.series == series and question.anchor and question.retired_edition is None
    }
    if not found:
        known = ", ".join(sorted({q.series for q in survey.bank.values() if q.anchor}))
        raise LemmataError(f"survey: series {series!r} has no anchors; series that do: {known}")
    return found


def _edition(edition: str, series: str, year: int, anchors: dict[str, str]) -> str:
    values = {
        "id": edition,
        "series": series,
        "title": f"{edition.replace('_', ' ').capitalize()}",
        "year": year,
        "fielded": "to be filled in",
        "population": "to be filled in: whom the edition speaks for",
        "sampling": SAMPLING,
        "invited": None,
        "completed": None,
        "incentive": "none",
        "consent": CONSENT,
        "ethics": "to be filled in: board and number, or why none is needed",
        "licence": "to be filled in",
        "citation": "to be filled in",
        "source": "responses",
        "salt": secrets.token_hex(16),
        "questions": anchors,
        "strata": STRATA,
    }
    head = (
        "# A new edition: its anchors carried over; add questions of ../questions.yaml by hash.\n"
    )
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
