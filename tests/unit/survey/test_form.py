"""The form in a browser: filled in, exported, ingested, counted; and the folder it belongs to."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from lemmata.cli import main
from lemmata.errors import LemmataError
from lemmata.survey.door import enter
from lemmata.survey.form import form
from lemmata.survey.instrument import Survey, load_survey
from lemmata.survey.scaffold import new_edition
from tests.unit.survey.test_instrument import REAL
from tests.workflow.browser import launched, opened

PRECISION = {"level": 0.95, "resamples": 50, "k": 5, "seed": 0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the real instrument with a new edition."""
    target = tmp_path / "config" / "survey"
    shutil.copytree(REAL, target)
    new_edition(target, "perspectives_2026", "perspectives", 2026)
    return target


def test_a_new_edition_carries_the_anchors_over(folder: Path) -> None:
    survey = load_survey(folder)
    own = survey.editions["perspectives_2026"]
    anchors = {q.id for q in survey.bank.values() if q.series == "perspectives" and q.anchor}
    assert set(own.questions) == anchors
    assert "neglected_problems" in anchors
    with pytest.raises(LemmataError, match=r"perspectives_2026 exists already"):
        new_edition(folder, "perspectives_2026", "perspectives", 2026)
    with pytest.raises(LemmataError, match=r"series 'anes' has no anchors; series that do: espai"):
        new_edition(folder, "anes_2026", "anes", 2026)


def test_an_edition_without_responses_yet_is_ingested(folder: Path) -> None:
    entered = enter(
        **load_survey(folder).slice("perspectives_2026"),
        paths=[str(folder / "perspectives_2026" / "withdrawn.yaml")],
        precision=PRECISION,
    )
    assert [len(table) for table in entered] == [0, 0, 0, 0]


def test_the_form_asks_no_network_and_quotes_what_is_asked(folder: Path) -> None:
    path = folder / "perspectives_2026" / "edition.yaml"
    values = yaml.safe_load(path.read_text())
    path.write_text(
        yaml.safe_dump(values | {"title": "</script><b>&", "consent": "<i>you</i> may"})
    )
    page = form(load_survey(folder), "perspectives_2026")
    assert not re.search(r"(https?:)?//[a-z]", page)
    assert "<title>&lt;/script&gt;&lt;b&gt;&amp;</title>" in page
    assert "<i>you" not in page
    assert page.count("</script>") == 1
    with pytest.raises(LemmataError, match="anes_1996 is known by its anes96: no form"):
        form(load_survey(folder), "anes_1996")
    with pytest.raises(LemmataError, match="no edition 'x'; there are: "):
        form(load_survey(folder), "x")


def test_commands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parents[1])
    made = CliRunner().invoke(
        main, ["survey", "new-edition", "perspectives_2027", "--year", "2027"]
    )
    assert made.exit_code == 0, made.output
    assert "config/survey/perspectives_2027/edition.yaml" in made.output
    done = CliRunner().invoke(main, ["survey", "form", "perspectives_2027"])
    assert done.exit_code == 0, done.output
    assert "<form" in Path("perspectives_2027.html").read_text()
    again = CliRunner().invoke(main, ["survey", "new-edition", "perspectives_2027"])
    assert again.exit_code == 2
    assert again.output == "lemmata: survey: config/survey/perspectives_2027 exists already\n"


def test_filled_in_exported_ingested_and_counted(folder: Path, tmp_path: Path) -> None:
    survey = load_survey(folder)
    page_file = tmp_path / "form.html"
    page_file.write_text(form(survey, "perspectives_2026"), encoding="utf-8")
    exported = folder / "perspectives_2026" / "responses" / "one.json"
    with launched() as browser, opened(browser, page_file) as page:
        page.get_by_role("button", name="Export my answers").click()
        assert "agree to take part" in page.locator("#trouble").inner_text()
        page.locator("#consent").check()
        page.get_by_role("button", name="Export my answers").click()
        assert page.locator("#trouble").inner_text() == "Please choose: career."
        for stratum, value in (
            ("career", "senior"),
            ("sector", "university"),
            ("region", "Europe"),
        ):
            page.locator(f"[data-stratum={stratum}]").select_option(value)
        first = page.locator("[data-question=benchmarks_measure_progress]")
        first.get_by_label("disagree", exact=True).check()
        first.get_by_label("percentage").fill("45")
        second = page.locator("[data-question=understanding_grows]")
        second.get_by_label("ill-posed").check()
        page.locator("[data-question=neglected_problems] textarea").fill("nobody looks at soil")
        with page.expect_download() as download:
            page.get_by_role("button", name="Export my answers").click()
        download.value.save_as(exported)
        receipt = page.locator("#respondent").inner_text()
        assert page.locator("#file").inner_text() == download.value.suggested_filename
    _counted(survey, exported, receipt, folder)


def _counted(survey: Survey, exported: Path, receipt: str, folder: Path) -> None:
    response = json.loads(exported.read_text())
    assert response["respondent"] == receipt
    paths = [str(exported)]
    entered = enter(**survey.slice("perspectives_2026"), paths=paths, precision=PRECISION)
    shares = entered.shares[entered.shares["group"] == ""].set_index(["question", "category"])
    assert shares.loc[("benchmarks_measure_progress", "disagree"), "share"] == 1.0
    assert shares.loc[("benchmarks_measure_progress", "disagree"), "n"] == 1
    answers = entered.answers.set_index("question")
    assert answers.loc["benchmarks_measure_progress", "predicted_share"] == 0.45
    assert answers.loc["understanding_grows", "no_stance"] == "ill-posed"
    assert "soil" not in entered.answers.to_csv()
    # One person is fewer than five: no stratum is told.
    assert entered.shares[entered.shares["group"] != ""]["suppressed"].all()
    assert (entered.answers["stratum_region"] == "withheld").all()
    # And whoever names the receipt is gone.
    withdrawn = folder / "perspectives_2026" / "withdrawn.yaml"
    withdrawn.write_text(f"- {receipt}\n")
    again = enter(
        **survey.slice("perspectives_2026"), paths=[*paths, str(withdrawn)], precision=PRECISION
    )
    assert again.answers.empty
