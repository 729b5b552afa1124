"""SYNTHETIC editions: their design, questions and description. Loaded while the DAG is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lemmata.survey.instrument import SHORT, Survey, parse_bank, parse_edition, wording_hash

SERIES: Final = "synthetic"
LABELS: Final = ("strongly disagree", "disagree", "neither", "agree", "strongly agree")
TOPICS: Final = ("interpretability", "benchmarks", "understanding", "academia")
CAREER: Final = ("student", "early", "senior")
CONSENT: Final = "Simulated: nobody consented to anything, since nobody was asked."


@dataclass(frozen=True)
class Design:
    """What is simulated. shown: questions a respondent sees; panel: share who answer every time.

    The first `anchors` questions are asked in every edition, the last one of the others is retired
    after the first. drifts: how many anchors and kept questions move, by `drift` latent deviations.
    """

    editions: int
    respondents: int
    questions: int
    anchors: int
    drifts: int
    drift: float
    shown: int
    no_stance: float
    panel: float
    seed: int


def question_id(number: int) -> str:
    """Name of a simulated question."""
    return f"statement_{number + 1:02d}"


def edition_id(number: int) -> str:
    """Name of a simulated edition."""
    return f"synthetic_{number + 1}"


def simulated_survey(design: Design) -> Survey:
    """Bank and editions, through the same checks as real ones."""
    bank = parse_bank([question(design, q) for q in range(design.questions)], "simulated bank")
    editions = {}
    for number in range(design.editions):
        name = edition_id(number)
        editions[name] = parse_edition(edition(design, number), bank, f"simulated {name}")
    return Survey(bank, editions)


def question(design: Design, number: int) -> dict[str, Any]:
    """One question of the bank, as plain values."""
    text = f"Simulated statement {number + 1}."
    sha256 = wording_hash(text, LABELS)
    return {
        "id": question_id(number),
        "series": SERIES,
        "topic": TOPICS[number % len(TOPICS)],
        "type": "likert",
        "origin": "proposed",
        "predicted": True,
        "anchor": number < design.anchors,
        "comparable_from": 1,
        "wordings": [{"version": 1, "text": text, "sha256": sha256, "labels": list(LABELS)}],
    }


def edition(design: Design, number: int) -> dict[str, Any]:
    """One edition, plain. The last question is asked once; the last but one from the second on."""
    out = {design.questions - 2} if number == 0 else {design.questions - 1}
    asked = [q for q in range(design.questions) if q not in out]
    hashes = {question_id(q): question(design, q)["wordings"][0]["sha256"][:SHORT] for q in asked}
    return {
        "id": edition_id(number),
        "series": SERIES,
        "title": f"SYNTHETIC edition {number + 1}",
        "year": 2001 + number,
        "fielded": "never: simulated",
        "population": "simulated respondents",
        "sampling": "simulated",
        "invited": None,
        "completed": design.respondents,
        "incentive": "none",
        "consent": CONSENT,
        "ethics": "none needed: no people",
        "licence": "MIT",
        "citation": "ordinal probit of lemmata.survey.simulate",
        "source": "simulated",
        "salt": f"synthetic edition {number + 1}",
        "questions": hashes,
        "strata": {"career": list(CAREER)},
    }


def drifting(design: Design) -> list[int]:
    """Numbers of the questions that move: every third from the first."""
    return list(range(0, 3 * design.drifts, 3))
