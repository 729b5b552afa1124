"""The questionnaire of an edition as one HTML file that works offline.

Nothing leaves the browser: the answers are exported as a JSON file, in the format that ingestion
reads, and the respondent decides where to send it.
"""

from __future__ import annotations

import json
from typing import Any

import jinja2

from lemmata.errors import LemmataError
from lemmata.survey.form_template import FORM
from lemmata.survey.ingest import consent_hash
from lemmata.survey.instrument import SHORT, Edition, Survey, asked_by
from lemmata.survey.schemas import FORMAT, NO_STANCE

STEP = 5
"""Predicted percentages come in steps of this."""


def form(survey: Survey, edition_id: str) -> str:
    """HTML of the form. Raises LemmataError for an edition that is not answered by responses."""
    edition = survey.editions.get(edition_id)
    if edition is None:
        known = ", ".join(survey.editions)
        raise LemmataError(f"survey: no edition {edition_id!r}; there are: {known}")
    if edition.source not in ("responses", "simulated"):
        raise LemmataError(
            f"survey: edition {edition_id} is known by its {edition.source}: no form"
        )
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # "<" cannot end the script element, whatever a question says.
    settings = json.dumps(_settings(edition), ensure_ascii=True).replace("<", "\\u003c")
    return environment.from_string(FORM).render(
        edition=edition,
        asked=list(asked_by(edition, survey.bank).values()),
        reasons=NO_STANCE,
        step=STEP,
        short=SHORT,
        settings=settings,
    )


def _settings(edition: Edition) -> dict[str, Any]:
    """What the form's script needs beside the questions."""
    return {
        "format": FORMAT,
        "edition": edition.id,
        "consent": consent_hash(edition.consent),
        "shown": edition.shown,
    }
