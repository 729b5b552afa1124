"""JSON Schemas of what people write: question bank, edition, one respondent's answers.

A module and not files beside it, so that the digest of every job's code sees an edit.
"""

from __future__ import annotations

from typing import Any, Final

IDENTIFIER: Final = "^[a-z][a-z0-9_]*$"
SHA256: Final = "^[0-9a-f]{64}$"
FORMAT: Final = "lemmata-survey-1"
NO_STANCE: Final = ("not informed", "ill-posed", "prefer not")
_TEXT: Final[dict[str, Any]] = {"type": "string", "minLength": 1}
_ID: Final[dict[str, Any]] = {"type": "string", "pattern": IDENTIFIER}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**required, **optional},
    }


WORDING: Final = _object(
    {"version": {"type": "integer", "minimum": 1}, "text": _TEXT, "sha256": {"type": "string"}},
    labels={"type": "array", "minItems": 2, "uniqueItems": True, "items": _TEXT},
    comparable=_TEXT,
)
QUESTION: Final = _object(
    {
        "id": _ID,
        "series": _ID,
        "topic": _TEXT,
        "type": {"enum": ["likert", "share", "forecast", "free_text"]},
        "origin": {"enum": ["published", "paraphrase", "proposed"]},
        "wordings": {"type": "array", "minItems": 1, "items": WORDING},
        "comparable_from": {"type": "integer", "minimum": 1},
    },
    predicted={"type": "boolean"},
    anchor={"type": "boolean"},
    polarity={"enum": [1, -1]},
    unit=_TEXT,
    first_edition={"type": ["string", "null"]},
    retired_edition={"type": ["string", "null"]},
)
BANK: Final = {"type": "array", "minItems": 1, "items": QUESTION}

EDITION: Final = _object(
    {
        "id": _ID,
        "series": _ID,
        "title": _TEXT,
        "year": {"type": "integer", "minimum": 1900, "maximum": 2200},
        "fielded": _TEXT,
        "population": _TEXT,
        "sampling": {"enum": ["census", "random", "invited", "snowball", "open", "simulated"]},
        "invited": {"type": ["integer", "null"], "minimum": 1},
        "completed": {"type": ["integer", "null"], "minimum": 1},
        "incentive": _TEXT,
        "consent": _TEXT,
        "ethics": _TEXT,
        "licence": _TEXT,
        "citation": _TEXT,
        "source": {"enum": ["aggregates", "responses", "interview", "anes96", "simulated"]},
        "questions": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": IDENTIFIER},
            "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
        },
        "strata": {
            "type": "object",
            "additionalProperties": {"type": "array", "minItems": 2, "items": _TEXT},
        },
    },
    salt={"type": "string", "minLength": 16},
    shown={"type": "integer", "minimum": 1},
    note=_TEXT,
)

ANSWER: Final = _object(
    {"question": {"type": "string"}, "wording": {"type": "string"}, "shown": {"type": "boolean"}},
    stance={"type": ["integer", "null"]},
    no_stance={"enum": [None, *NO_STANCE]},
    predicted_share={"type": ["number", "null"], "minimum": 0, "maximum": 1},
    free_text={"type": "string"},
)
RESPONSE: Final = _object(
    {
        "format": {"enum": [FORMAT]},
        "edition": {"type": "string"},
        "respondent": {"type": "string", "minLength": 8},
        "consent": {"type": "string", "pattern": SHA256},
        "strata": {"type": "object", "additionalProperties": {"type": "string"}},
        "bucket": {"type": "string"},
        "answers": {"type": "array", "items": ANSWER},
    },
    panel={"type": ["string", "null"], "minLength": 8},
    weight={"type": "number", "exclusiveMinimum": 0},
)
WITHDRAWN: Final = {"type": ["array", "null"], "items": {"type": "string", "minLength": 8}}

CODES: Final = _object(
    {
        "question": _ID,
        "proposition": _TEXT,
        "permission": _TEXT,
        "read": _TEXT,
        "answers": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {"answer": _TEXT, "name": _TEXT, "codes": {"type": "object", "minProperties": 1}},
                adjudicated={"type": "string"},
            ),
        },
    }
)
