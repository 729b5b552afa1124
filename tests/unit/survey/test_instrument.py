"""The bank knows its wordings by hash; an edition knows what it asked; both refuse what changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lemmata.errors import LemmataError
from lemmata.survey.drift import comparable
from lemmata.survey.instrument import (
    asked_by,
    load_survey,
    parse_bank,
    parse_edition,
    plain,
    wording_hash,
)
from lemmata.survey.studies.instrument import altered_wordings_missed, slices_changed
from tests.unit.survey.builders import LABELS, edition, question

REAL = Path(__file__).parents[3] / "config" / "survey"


def test_hash_is_of_what_a_respondent_reads() -> None:
    base = wording_hash("Is scale enough?", LABELS)
    assert wording_hash("Is  scale\nenough? ", LABELS) == base
    assert wording_hash("Is scale enough!", LABELS) != base
    assert wording_hash("Is scale enough?", LABELS[::-1]) != base
    assert wording_hash("Is scale enough?", LABELS, -1) != base


def test_a_changed_wording_without_a_version_is_refused() -> None:
    changed = question()
    changed["wordings"][0]["text"] = "Is scale sufficient?"
    with pytest.raises(LemmataError, match=r"^bank: question scale: wording 1 has sha256 \w{64}, "):
        parse_bank([changed], "bank")


def test_a_changed_wording_with_a_new_hash_is_refused_by_who_asked_it() -> None:
    asked = edition()
    changed = question(text="Is scale sufficient?")
    with pytest.raises(
        LemmataError, match=r"questions\.scale = \w{12}: the bank has no such wording"
    ):
        parse_edition(asked, parse_bank([changed], "bank"), "edition first")


def second_wording(**more: object) -> dict[str, object]:
    text = "Is scale sufficient?"
    return {
        "version": 2,
        "text": text,
        "labels": LABELS,
        "sha256": wording_hash(text, LABELS),
        **more,
    }


def test_a_new_version_must_say_from_where_answers_compare() -> None:
    changed = question()
    changed["wordings"].append(second_wording())
    with pytest.raises(
        LemmataError, match=r"comparable_from = 1: must be 2, or wording 2 must say"
    ):
        parse_bank([changed], "bank")
    changed["comparable_from"] = 2
    parse_bank([changed], "bank")
    changed["comparable_from"] = 3
    with pytest.raises(LemmataError, match=r"comparable_from = 3: no such version"):
        parse_bank([changed], "bank")


@pytest.mark.parametrize(("reason", "expected"), [(None, []), ("a typing error", ["scale"])])
def test_only_comparable_wordings_are_compared(reason: str | None, expected: list[str]) -> None:
    old, new = question(), question()
    more = {"comparable": reason} if reason else {}
    new["wordings"].append(second_wording(**more))
    new["comparable_from"] = 1 if reason else 2
    bank = parse_bank([new], "bank")
    first = asked_by(parse_edition(edition("first", old), bank, "first"), bank)
    second = asked_by(parse_edition(edition("second", new), bank, "second"), bank)
    assert comparable(first, second) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"questions": {"other": "0" * 12}}, r"questions\.other: not in the question bank"),
        ({"series": "others"}, r"questions\.scale: of series tests"),
        ({"sampling": "some"}, r"sampling = 'some': allowed: census, random"),
        ({"yeer": 1}, r"yeer = 1: unknown key; .*did you mean year"),
    ],
)
def test_mistakes_in_an_edition_are_one_line(changes: dict[str, object], message: str) -> None:
    with pytest.raises(LemmataError, match=message):
        parse_edition(edition(**changes), parse_bank([question()], "bank"), "edition first")


def test_ids_are_unique_and_scales_have_labels() -> None:
    with pytest.raises(LemmataError, match="id occurs twice"):
        parse_bank([question(), question()], "bank")
    bare = question(type="free_text")
    with pytest.raises(LemmataError, match="labels: type likert has them"):
        parse_bank([bare], "bank")


def test_the_real_bank_refuses_every_single_change() -> None:
    survey = load_survey(REAL)
    missed, tried = altered_wordings_missed([plain(q) for q in survey.bank.values()])
    assert missed == 0
    assert tried == sum(1 + bool(w.labels) for q in survey.bank.values() for w in q.wordings)


def test_no_edition_of_the_real_survey_reads_another() -> None:
    survey = load_survey(REAL)
    n = len(survey.editions)
    assert slices_changed(survey) == (0, n * (n - 1))


def test_a_folder_is_loaded_oldest_first_and_named_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "questions.yaml").write_text(yaml.safe_dump([question()]))
    for name, year in (("b", 2023), ("a", 2024)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "edition.yaml").write_text(yaml.safe_dump(edition(name, year=year)))
    survey = load_survey(tmp_path)
    assert list(survey.editions) == ["b", "a"]
    assert survey.earlier("a") == ["b"]
    (tmp_path / "a").rename(tmp_path / "c")
    with pytest.raises(LemmataError, match=r"c/edition\.yaml: id = 'a': must be 'c'"):
        load_survey(tmp_path)
