"""A small instrument for tests: one bank, one edition, responses to it."""

from __future__ import annotations

from typing import Any

from lemmata.survey.ingest import consent_hash
from lemmata.survey.instrument import (
    Asked,
    Edition,
    Question,
    asked_by,
    parse_bank,
    parse_edition,
    wording_hash,
)

LABELS = ["no", "rather no", "neither", "rather yes", "yes"]
CONSENT = "Take part if you like."
CAREERS = ["early", "senior"]


def question(name: str = "scale", text: str = "Is scale enough?", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "series": "tests",
        "topic": "scale",
        "type": "likert",
        "origin": "proposed",
        "predicted": True,
        "comparable_from": 1,
        "wordings": [
            {"version": 1, "text": text, "labels": LABELS, "sha256": wording_hash(text, LABELS)}
        ],
        **more,
    }


def edition(name: str = "first", *questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    asked = questions or (question(),)
    return {
        "id": name,
        "series": "tests",
        "title": "A test",
        "year": 2024,
        "fielded": "May",
        "population": "everybody",
        "sampling": "random",
        "invited": None,
        "completed": None,
        "incentive": "none",
        "consent": CONSENT,
        "ethics": "none",
        "licence": "none",
        "citation": "none",
        "source": "responses",
        "salt": "0123456789abcdef",
        "questions": {q["id"]: q["wordings"][-1]["sha256"][:12] for q in asked},
        "strata": {"career": CAREERS},
        **more,
    }


def built(
    questions: list[dict[str, Any]] | None = None, **more: Any
) -> tuple[dict[str, Question], Edition, dict[str, Asked]]:
    plain = questions or [question()]
    bank = parse_bank(plain, "bank")
    own = parse_edition(edition("first", *plain, **more), bank, "edition first")
    return bank, own, asked_by(own, bank)


def response(number: int, stance: int | None = 4, **more: Any) -> dict[str, Any]:
    wording = question()["wordings"][0]["sha256"][:12]
    answer = {"question": "scale", "wording": wording, "shown": True, "stance": stance}
    return {
        "format": "lemmata-survey-1",
        "edition": "first",
        "respondent": f"respondent-{number:04d}",
        "consent": consent_hash(CONSENT),
        "strata": {"career": CAREERS[number % 2]},
        "bucket": "2024-05",
        "answers": [answer],
        **more,
    }


def named(*responses: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"file{i}.json", item) for i, item in enumerate(responses)]
