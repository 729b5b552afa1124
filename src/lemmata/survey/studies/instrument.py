"""Editions add up: no edition's ingestion knows of another, and no wording changes unnoticed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from lemmata.errors import LemmataError
from lemmata.stats import Study, evidence_table, exact
from lemmata.survey.comparison import survey_from
from lemmata.survey.instrument import Survey, parse_bank
from lemmata.survey.turnover import strip


def study(editions: Sequence[Any], bank: Sequence[Any]) -> Study:
    """editions, bank: the whole survey as plain values. Table: topics of each edition."""
    survey = survey_from(editions, bank)
    missed, tried = altered_wordings_missed(bank)
    changed, pairs = slices_changed(survey)
    evidence = {
        "altered_wordings_missed": exact(missed, tried),
        "slices_changed_by_another_edition": exact(changed, pairs),
    }
    return Study(strip(survey), evidence_table(evidence))


def altered_wordings_missed(bank: Sequence[Any]) -> tuple[int, int]:
    """Change one wording at a time, and its labels: how many changes pass, of how many."""
    missed = tried = 0
    for number, question in enumerate(bank):
        for index, wording in enumerate(question["wordings"]):
            for key in ("text", "labels"):
                if key in wording:
                    changed = copy.deepcopy(list(bank))
                    own = changed[number]["wordings"][index]
                    own[key] = own[key] + ("?" if key == "text" else ["?"])
                    tried += 1
                    missed += not _refused(changed)
    return missed, tried


def _refused(bank: Sequence[Any]) -> bool:
    try:
        parse_bank(bank, "bank")
    except LemmataError as error:
        return "a changed wording is a new version" in str(error)
    return False


def slices_changed(survey: Survey) -> tuple[int, int]:
    """Leave one edition out, with the questions that only it asked: how many slices change."""
    changed = pairs = 0
    whole = {name: survey.slice(name) for name in survey.editions}
    for left_out in survey.editions:
        others = {name: e for name, e in survey.editions.items() if name != left_out}
        asked = {question for edition in others.values() for question in edition.questions}
        fewer = Survey({q: item for q, item in survey.bank.items() if q in asked}, others)
        for name in others:
            pairs += 1
            changed += fewer.slice(name) != whole[name]
    return changed, pairs
