"""Editions beside each other: what is compared, what the pages and figures say of it."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lemmata.config import build
from lemmata.survey.comparison import Compared, compare
from lemmata.survey.door import enter
from lemmata.survey.instrument import Survey, load_survey, plain
from lemmata.survey.page import edition_markdown, edition_page
from lemmata.survey.simulate import simulated_responses
from lemmata.survey.simulated import Design, simulated_survey
from lemmata.survey.studies import procedures, published
from tests.unit.survey.test_instrument import REAL

PRECISION = {"level": 0.95, "resamples": 200, "k": 5, "seed": 0}
DESIGN = {
    "editions": 2, "respondents": 60, "questions": 12, "anchors": 4, "drifts": 3, "drift": 1.0,
    "shown": 8, "no_stance": 0.15, "panel": 0.25, "seed": 0,
}  # fmt: skip
KINDS = ("answers", "shares", "measures", "codes")
Entered = dict[str, list[pd.DataFrame]]


def entered(survey: Survey, folder: Path) -> Entered:
    tables: Entered = {kind: [] for kind in KINDS}
    for number, edition in enumerate(survey.editions.values()):
        paths = [str(REAL / edition.id / name) for name in ("aggregates.csv", "codes.yaml")]
        paths = [path for path in paths if Path(path).is_file()]
        if edition.source == "simulated":
            responses = simulated_responses(build(Design, DESIGN), number)
            (folder / f"{edition.id}.json").write_text(json.dumps(responses))
            paths = [str(folder / f"{edition.id}.json")]
        found = enter(**survey.slice(edition.id), paths=paths, precision=PRECISION)
        for kind, table in found._asdict().items():
            tables[kind].append(table)
    return tables


def arguments(survey: Survey, tables: Entered) -> tuple[Any, Any, Entered, dict[str, Any]]:
    editions = [plain(edition) for edition in survey.editions.values()]
    return editions, [plain(q) for q in survey.bank.values()], tables, PRECISION


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Survey, Entered, Compared]:
    survey = load_survey(REAL)
    tables = entered(survey, tmp_path_factory.mktemp("real"))
    return survey, tables, compare(*arguments(survey, tables))


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Survey, Entered, Compared]:
    survey = simulated_survey(build(Design, DESIGN))
    tables = entered(survey, tmp_path_factory.mktemp("synthetic"))
    return survey, tables, compare(*arguments(survey, tables))


def test_what_moved_between_published_editions(real: tuple[Survey, Entered, Compared]) -> None:
    moved = real[2].moved.set_index(["question", "second"])
    safety = moved.loc[("safety_priority", "espai_2023")]
    assert safety["first"] == "espai_2016"  # the edition between did not ask
    assert safety["change"] == pytest.approx(0.21)
    assert pd.isna(safety["p"])
    assert safety["least_n"] > 1
    assert moved.loc[("extinction_1", "espai_2023"), "p"] == pytest.approx(0.79, abs=6e-3)
    # Its labels changed with its version: not compared.
    assert "alignment_importance" not in moved.index.get_level_values(0)


def test_evidence_of_the_published_aggregates(real: tuple[Survey, Entered, Compared]) -> None:
    found = real[2]
    files = [str(path) for path in sorted(REAL.glob("*/aggregates.csv"))]
    study = published.study(files, found.shares, found.predicted, found.moved, 0.95)
    value = study.evidence.set_index("statistic")["value"]
    assert value["metasurvey_rows"] == 28
    assert value["max_share_difference"] < 1e-12
    assert value["max_wilson_difference"] < 1e-9
    assert value["scaling_gap"] == pytest.approx(0.30)
    assert value["shares_without_interval"] == value["stance_shares_of_the_interview"] == 0
    changed = found.shares.assign(share=found.shares["share"] * 1.01)
    again = published.study(files, changed, found.predicted, found.moved, 0.95).evidence
    assert again.set_index("statistic").loc["max_share_difference", "value"] > 1e-3


def test_a_lost_share_is_a_difference_of_one(real: tuple[Survey, Entered, Compared]) -> None:
    found = real[2]
    files = [str(REAL / "nlp_metasurvey_2022" / "aggregates.csv")]
    kept = found.shares[found.shares["question"] != "nlp_1_1"]
    study = published.study(files, kept, found.predicted, found.moved, 0.95)
    assert study.evidence.set_index("statistic").loc["max_share_difference", "value"] == 1.0


def test_evidence_of_the_procedures_is_made_of_its_table() -> None:
    study = procedures.study(
        coverage={"shares": [0.5], "sizes": [100], "cases": 500},
        permutation={
            "sizes": [150],
            "null_size": 50,
            "cases": 20,
            "null_cases": 40,
            "resamples": 99,
        },
        planted={"design": DESIGN | {"shown": 12, "drift": 3.0}, "pairs": 3, "resamples": 199},
        shares=[[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]],
        seed=0,
    )
    value = study.evidence.set_index("statistic")["value"]
    table = study.table.set_index("procedure")["rate"]
    assert value["power"] == table["power"] == 1.0
    assert value["null_rejections"] == table["null"] < 0.3
    assert value["planted_found"] == 1.0
    assert value["least_coverage"] == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("figure", ["likert", "slopes", "predicted", "consensus", "topics"])
def test_figures_of_simulated_answers_say_so(
    figure: str,
    real: tuple[Survey, Entered, Compared],
    synthetic: tuple[Survey, Entered, Compared],
) -> None:
    draw = importlib.import_module(f"lemmata.survey.figures.{figure}").draw
    for found, expected in ((real[2], False), (synthetic[2], True)):
        fig = draw(getattr(found, figure))
        said = [text.get_text() for text in fig.texts]
        assert ("SYNTHETIC" in said) == expected
        title = fig.get_suptitle()
        assert title.startswith("SYNTHETIC") == expected
        plt.close(fig)


def test_a_page_of_simulated_answers_says_so_and_hides_small_cells(
    synthetic: tuple[Survey, Entered, Compared],
) -> None:
    text = edition_markdown(*arguments(synthetic[0], synthetic[1]))
    assert text.startswith("# SYNTHETIC edition 2\n\n> **SYNTHETIC.**")
    assert "unless a panel answered both" in text
    for row in re.findall(r"^\| career: .*$", text, re.MULTILINE):
        n = row.split("|")[4].strip()
        assert n.startswith("fewer than 5") or int(n) >= 5
    moved = text.partition("## What moved")[2]
    assert len(re.findall(r"\| permutation \|", moved)) == 10  # 12 less one retired, one new


def test_the_page_of_the_interview_prints_no_share(
    real: tuple[Survey, Entered, Compared],
) -> None:
    survey, tables, _ = real
    at = list(survey.editions).index("perspectives_2023")
    own = Survey(survey.bank, {"perspectives_2023": survey.editions["perspectives_2023"]})
    text = edition_markdown(*arguments(own, {kind: [tables[kind][at]] for kind in KINDS}))
    assert "no share is computed" in text
    assert "One coder: how far coders agree cannot be told" in text
    answers = text.partition("## What was asked")[2].partition("### ")[2]
    assert "%" not in answers


def test_a_page_is_one_file_and_takes_no_markup_from_data(
    real: tuple[Survey, Entered, Compared],
) -> None:
    survey, tables, _ = real
    at = list(survey.editions).index("nlp_metasurvey_2022")
    editions, bank, _, precision = arguments(survey, tables)
    edition = editions[at] | {"population": "a | b <script>alert(1)</script> *c*"}
    page = edition_page([edition], bank, {kind: [tables[kind][at]] for kind in KINDS}, precision)
    assert "a | b &lt;script&gt;alert(1)&lt;/script&gt; *c*" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert page.count("327 at most") >= 28
