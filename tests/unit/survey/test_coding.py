"""Agreement of coders against Krippendorff's own worked example, and topics that come and go."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from lemmata.errors import LemmataError
from lemmata.survey.coding import (
    agreement_text,
    by_coder,
    kappas,
    krippendorff_alpha,
    pivoted,
)
from lemmata.survey.door import read_codes
from lemmata.survey.instrument import asked_by, load_survey
from lemmata.survey.turnover import jaccard, strip, turnover
from tests.unit.survey.test_instrument import REAL

_ = None
# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section C: four observers,
# twelve units, missing codes; alpha is .743 for nominal data, .815 for ordinal.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]


def test_alpha_of_the_worked_example() -> None:
    assert krippendorff_alpha(OBSERVERS) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(OBSERVERS, ordinal=True) == pytest.approx(0.815, abs=5e-4)


def test_alpha_of_perfect_and_of_no_agreement() -> None:
    assert krippendorff_alpha([["a", "b", "a"], ["a", "b", "a"]]) == pytest.approx(1.0)
    assert krippendorff_alpha([["a", "b"], ["b", "a"]]) < 0.0
    with pytest.raises(LemmataError, match="coded twice"):
        krippendorff_alpha([["a", "b"]])
    with pytest.raises(LemmataError, match="every code is the same"):
        krippendorff_alpha([["a", "a"], ["a", "a"]])


def test_kappa_against_scikit_learn() -> None:
    a, b = [1, 1, 2, 3, 3, 3, 2, 1], [1, 2, 2, 3, 3, 1, 2, 1]
    assert kappas([a, b]) == pytest.approx([cohen_kappa_score(a, b)])
    assert kappas([[1, 1], [1, 1]]) == []
    assert len(kappas([a, b, [*a[:-1], None]])) == 3


def test_how_much_hangs_on_one_coder() -> None:
    codes = [["yes", "yes", "no", None], ["yes", "no", "no", "no"]]
    found = by_coder(codes, ["a", "b"], lambda own: own.count("yes") / len(own))
    assert found == {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 4)}


def test_the_interview_is_coded_as_far_as_it_is_documented() -> None:
    survey = load_survey(REAL)
    asked = asked_by(survey.editions["perspectives_2023"], survey.bank)
    codes = read_codes(REAL / "perspectives_2023" / "codes.yaml", asked)
    assert codes["name"].tolist() == ["Welling", "Lipton"]
    assert codes["coder"].unique().tolist() == ["first"]  # no second coder: no agreement


def test_a_name_without_permission_is_refused(tmp_path: Path) -> None:
    survey = load_survey(REAL)
    asked = asked_by(survey.editions["perspectives_2023"], survey.bank)
    text = (REAL / "perspectives_2023" / "codes.yaml").read_text()
    path = tmp_path / "codes.yaml"
    path.write_text(
        "\n".join(line for line in text.split("\n") if not line.startswith("permission"))
    )
    with pytest.raises(LemmataError, match="permission: missing"):
        read_codes(path, asked)


def test_agreement_in_words() -> None:
    rows = [
        ("a", "x", "yes"),
        ("a", "y", "yes"),
        ("b", "x", "no"),
        ("b", "y", "no"),
        ("c", "x", "no"),
    ]
    frame = pd.DataFrame(rows, columns=["answer", "coder", "stance"])
    assert pivoted(frame) == (["x", "y"], [["yes", "no", "no"], ["yes", "no", None]])
    expected = "2 coders: Krippendorff's alpha 1.00, Cohen's kappa 1.00."
    assert agreement_text(frame) == expected
    assert agreement_text(frame[frame["coder"] == "x"]).startswith("One coder")
    assert agreement_text(frame[frame["answer"] == "a"]).startswith(
        "2 coders; every code is the same"
    )


def test_turnover_by_hand() -> None:
    survey = load_survey(REAL)
    rows = turnover(survey, ["espai"]).set_index("edition")
    # 2016: safety. 2022: risk, pace. 2023: those three, and public concerns.
    assert rows["jaccard"].tolist() == pytest.approx([0.0, 2 / 4])
    assert rows[["kept", "added", "retired"]].to_numpy().tolist() == [[0, 4, 2], [4, 4, 0]]
    assert rows["anchors"].tolist() == pytest.approx([1.0, 6 / 8])
    assert jaccard(set(), set()) == 1.0
    own = strip(survey).set_index(["edition", "topic"])
    assert own.loc[("espai_2023", "safety"), "questions"] == 2
