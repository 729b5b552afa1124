"""What ingestion refuses, drops and withholds."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lemmata.errors import LemmataError
from lemmata.survey.anes import COLUMNS, LOWEST, anes_responses
from lemmata.survey.ingest import WITHHELD, answer_counts, ingest, reasons, salted
from lemmata.survey.instrument import asked_by, load_survey
from tests.unit.survey.builders import built, named, response
from tests.unit.survey.test_instrument import REAL


def changed(path: str, value: Any) -> dict[str, Any]:
    item = copy.deepcopy(response(1))
    at: Any = item
    *above, last = path.split(".")
    for part in above:
        at = at[int(part)] if part.isdigit() else at[part]
    at[last] = value
    return item


REFUSED = {
    "another edition": (changed("edition", "second"), r"edition = 'second': must be 'first'"),
    "unknown question": (
        changed("answers.0.question", "scael"),
        r"'scael': not asked; allowed: scale",
    ),
    "off the scale": (changed("answers.0.stance", 6), r"scale: stance = 6: the scale is 1 to 5"),
    "below the scale": (changed("answers.0.stance", 0), r"stance = 0: the scale is 1 to 5"),
    "another wording": (changed("answers.0.wording", "abc"), r"wording 'abc': not the one"),
    "no wording": (changed("answers.0.wording", ""), r"wording '': not the one"),
    "stance and reason": (
        changed("answers.0.no_stance", "ill-posed"),
        r"both a stance and a reason",
    ),
    "unknown reason": (changed("answers.0.no_stance", "tired"), r"no_stance = 'tired': allowed: "),
    "not shown": (changed("answers.0.shown", False), r"answered, though not shown"),
    "share above 1": (
        changed("answers.0.predicted_share", 40),
        r"predicted_share = 40: must be <= 1",
    ),
    "unknown stratum": (
        changed("strata", {"career": "old"}),
        r"strata\.career = 'old': allowed: early",
    ),
    "no stratum": (changed("strata", {}), r"strata: \[\]: must be career"),
    "another consent": (changed("consent", "0" * 64), r"consent: given to another text"),
    "answered twice": (
        changed("answers", response(1)["answers"] * 2),
        r"question scale: answered twice",
    ),
    "unknown key": (changed("email", "a@b.c"), r"email = 'a@b\.c': unknown key"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line_that_names_the_file(name: str) -> None:
    item, message = REFUSED[name]
    _, edition, asked = built()
    with pytest.raises(LemmataError, match=r"^file1\.json: .*" + message) as caught:
        ingest(named(response(0), item), edition, asked)
    assert "\n" not in str(caught.value)


def test_the_same_respondent_twice_is_refused() -> None:
    _, edition, asked = built()
    with pytest.raises(LemmataError, match=r"^file1\.json: the same respondent as in file0\.json$"):
        ingest(named(response(1), response(1)), edition, asked)


def test_who_withdrew_is_not_counted_nor_checked() -> None:
    _, edition, asked = built()
    gone = response(1) | {"answers": [{"question": "?", "wording": "", "shown": True}]}
    frame = ingest(named(response(0), gone), edition, asked, ["respondent-0001"])
    assert frame["respondent"].tolist() == [salted(edition, "respondent-0000")]


def test_ids_link_neither_back_nor_across_editions() -> None:
    _, edition, _ = built()
    _, other, _ = built(salt="another salt, of another edition")
    assert salted(edition, "respondent-0001") != salted(other, "respondent-0001")
    assert "respondent" not in salted(edition, "respondent-0001")


def test_free_text_is_dropped() -> None:
    _, edition, asked = built()
    item = response(0)
    item["answers"][0]["free_text"] = "I am the only one who works on this"
    frame = ingest(named(item), edition, asked)
    assert not frame.astype(str).apply(lambda c: c.str.contains("only one")).any().any()


def test_counts_and_reasons() -> None:
    _, edition, asked = built()
    items = [response(i, stance) for i, stance in enumerate([5, 5, 1, None, None])]
    items[3]["answers"][0]["no_stance"] = "ill-posed"
    hidden = response(9, None)
    hidden["answers"][0]["shown"] = False
    frame = ingest(named(*items, hidden), edition, asked, k=1)
    _, counts = answer_counts(frame, asked["scale"])
    assert counts.tolist() == [[2, 1, 0, 0, 0, 2]]
    names, by_career = answer_counts(frame, asked["scale"], ["stratum_career"])
    assert dict(zip(names, by_career.tolist(), strict=True)) == {
        "early": [1, 1, 0, 0, 0, 1],
        "senior": [1, 0, 0, 0, 0, 1],
    }
    assert reasons(frame, "scale") == {
        "not informed": 0,
        "ill-posed": 1,
        "prefer not": 0,
        "skipped": 1,
    }


def career(number: int, name: str) -> dict[str, Any]:
    return response(number) | {"strata": {"career": name}}


@pytest.mark.parametrize(
    ("senior", "withheld"),
    # Four seniors and 20 others: they alone would be known, so the others go too. Five: nobody.
    [(4, 24), (5, 0)],
)
def test_small_strata_of_respondents_are_withheld(senior: int, withheld: int) -> None:
    _, edition, asked = built()
    items = [career(i, "early") for i in range(20)] + [
        career(50 + i, "senior") for i in range(senior)
    ]
    frame = ingest(named(*items), edition, asked, k=5)
    assert (frame["stratum_career"] == WITHHELD).sum() == withheld


def test_two_small_strata_hide_each_other() -> None:
    _, edition, asked = built(strata={"career": ["early", "senior", "late"]})
    items = [career(i, "early") for i in range(20)]
    items += [career(50 + i, "senior") for i in range(4)] + [career(90, "late")]
    frame = ingest(named(*items), edition, asked, k=5)
    assert frame["stratum_career"].value_counts().to_dict() == {"early": 20, WITHHELD: 5}


def test_the_election_study_comes_through_the_same_door() -> None:
    from statsmodels.datasets import anes96

    survey = load_survey(REAL)
    edition = survey.editions["anes_1996"]
    asked = asked_by(edition, survey.bank)
    responses = [(f"row {i}", r) for i, r in enumerate(anes_responses(edition))]
    frame = ingest(responses, edition, asked)
    data = anes96.load_pandas().data
    assert frame["respondent"].nunique() == len(data) == 944
    for question, column in COLUMNS.items():
        _, counts = answer_counts(frame, asked[question])
        expected = (data[column].astype(int) + 1 - LOWEST.get(question, 1)).value_counts()
        assert counts[0, 1:].tolist() == [expected.get(i, 0) for i in range(1, 8)]
