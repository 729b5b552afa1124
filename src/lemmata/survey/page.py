"""The page of one edition, an issue of the series: who was asked, what, the answers, what moved.

Written in Markdown and turned into one self-contained HTML file.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd
from markdown_it import MarkdownIt

from lemmata.survey.coding import agreement_text
from lemmata.survey.comparison import moved, stacked, survey_from
from lemmata.survey.drawn import likert_table, statements_table, text_of
from lemmata.survey.ingest import reasons
from lemmata.survey.instrument import Asked, Survey, asked_by
from lemmata.survey.page_template import PAGE, SHELL
from lemmata.survey.rows import keyed
from lemmata.survey.shares import NO_STANCE, UPPER, Precision
from lemmata.survey.turnover import turnover

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110


def edition_page(
    editions: Sequence[Any], bank: Sequence[Any], tables: Mapping[str, Sequence[pd.DataFrame]],
    precision: Mapping[str, Any],
) -> str:  # fmt: skip
    """HTML of the last of `editions`, which are the series so far. tables: one of each edition."""
    text = edition_markdown(editions, bank, tables, precision)
    title = str(editions[-1]["title"])
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(SHELL).render(title=title, body=body)


def edition_markdown(
    editions: Sequence[Any], bank: Sequence[Any], tables: Mapping[str, Sequence[pd.DataFrame]],
    precision: Mapping[str, Any],
) -> str:  # fmt: skip
    """The same as Markdown."""
    survey, exactness = survey_from(editions, bank), Precision(**precision)
    edition = survey.editions[str(editions[-1]["id"])]
    answers = dict(zip(survey.editions, tables["answers"], strict=True))
    shares, measures = (stacked(tables[kind]) for kind in ("shares", "measures"))
    own = {"shares": shares, "measures": measures}
    own = {name: table[table["edition"] == edition.id] for name, table in own.items()}
    changes = moved(survey, answers, measures, exactness)
    kept = turnover(survey, [edition.series])
    environment = jinja2.Environment(  # noqa: S701 - Markdown: every text is escaped by `plain`
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "plain": plain,
        "percent": percent,
        "ends": ends,
        "size": size,
        "p": p_text,
    }
    return environment.from_string(PAGE).render(
        edition=edition,
        issue=len(survey.editions),
        topics=_topics(survey, edition.id),
        figures=_figures(survey, own),
        told=lambda name: _told(own, answers[edition.id], name),
        codes=tables["codes"][-1].to_dict("records"),
        coders=agreement_text(tables["codes"][-1]),
        respondents=answers[edition.id]["respondent"].nunique(),
        changes=_changes(survey, changes, edition.id),
        kept=kept[kept["edition"] == edition.id].to_dict("records"),
        k=exactness.k,
        level=exactness.level,
    )


def _topics(survey: Survey, edition: str) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = {}
    for item in asked_by(survey.editions[edition], survey.bank).values():
        found.setdefault(item.question.topic, []).append(item)
    return found


def _told(own: Mapping[str, pd.DataFrame], answers: pd.DataFrame, question: str) -> dict[str, Any]:
    """What is known of one question's answers, for the template."""
    shares = own["shares"][own["shares"]["question"] == question]
    measure = own["measures"][own["measures"]["question"] == question].to_dict("records")
    whole = shares[(shares["group"] == "")]
    return {
        "categories": whole[whole["position"] > 0].sort_values("position").to_dict("records"),
        "upper": whole[whole["position"] == UPPER].to_dict("records"),
        "none": whole[whole["position"] == NO_STANCE].to_dict("records"),
        "reasons": reasons(answers, question) if len(answers) else {},
        "groups": shares[shares["group"] != ""].to_dict("records"),
        "measure": measure[0] if measure else None,
    }


def _changes(survey: Survey, changes: pd.DataFrame, edition: str) -> list[dict[str, Any]]:
    """What moved into this edition, with the words of each question."""
    rows = list(keyed(changes[changes["second"] == edition], "question").values())
    return [{**row, "text": text_of(survey, edition, str(row["question"]))} for row in rows]


def _figures(survey: Survey, own: Mapping[str, pd.DataFrame]) -> list[tuple[str, str]]:
    """Caption and data URI of what can be drawn of this edition."""
    whole = likert_table(survey, own["shares"], own["measures"])
    alone = statements_table(survey, own["shares"])
    found = []
    if len(whole):
        from lemmata.survey.figures import likert  # loads matplotlib: many editions draw nothing

        found.append(("Answers, the neutral one centred", _png(likert.draw(whole))))
    if len(alone) > 1:
        from lemmata.survey.figures import statements

        found.append(
            ("Upper end of each statement, with its interval", _png(statements.draw(alone)))
        )
    return found


def _png(fig: Figure) -> str:
    drawn = io.BytesIO()
    fig.savefig(drawn, format="png", dpi=DPI, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode()


def plain(text: object) -> str:
    """Text that means nothing to Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~&])", r"\\\1", " ".join(str(text).split()))


def percent(share: float) -> str:
    """A share as a percentage, one decimal where it is one."""
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


def ends(row: Mapping[str, Any]) -> str:
    """The interval of a share; a dash where n is not stated."""
    if pd.isna(row["lower"]):
        return "–"
    return f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f}%"


def size(row: Mapping[str, Any], key: str = "n") -> str:
    """n with its basis."""
    if pd.isna(row[key]):
        return "not stated"
    bound = " at most" if row.get("n_basis") == "upper bound" else ""
    return f"{int(row[key]):,}{bound}"


def p_text(p: float | None) -> str:
    """A p-value for people."""
    if p is None or pd.isna(p):
        return "–"
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
