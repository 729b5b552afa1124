"""SYNTHETIC editions for tests and demonstrations: an ordinal probit with planted drifts.

A respondent r has a leaning t_r; the latent answer to question q in edition e is

    location_q + drift_qe + effect of the stratum + spread t_r + noise,  noise ~ N(0, 1)

cut at fixed thresholds into 1..5. The drifting questions move by `drift` from the second edition
on. Each respondent sees the anchors and some other questions, gives no stance now and then, and
predicts a share around the true one. Nothing here is an opinion of anybody.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from lemmata.survey.ingest import consent_hash
from lemmata.survey.schemas import FORMAT, NO_STANCE
from lemmata.survey.simulated import CAREER, CONSENT, Design, drifting, edition, question_id

THRESHOLDS = np.array([-1.5, -0.5, 0.5, 1.5])
EFFECTS = np.array([-0.2, 0.0, 0.2])
SPREAD = 0.5


def locations(design: Design, rng: np.random.Generator) -> NDArray[np.float64]:
    """Latent location of each question, (Q,)."""
    return rng.uniform(-0.8, 0.8, design.questions)


def shift(design: Design, number: int) -> NDArray[np.float64]:
    """Planted drift of each question in an edition, (Q,)."""
    moved = np.zeros(design.questions)
    moved[drifting(design)] = design.drift if number else 0.0
    return moved


def stances(
    location: NDArray[np.float64],
    leaning: NDArray[np.float64],
    career: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Answers 1..5 of respondents. location: (Q,), leaning, career: (N,) -> (N, Q)."""
    latent = location + (EFFECTS[career] + SPREAD * leaning)[:, None]
    latent = latent + rng.standard_normal(latent.shape)
    return np.searchsorted(THRESHOLDS, latent) + 1


def true_shares(location: float) -> NDArray[np.float64]:
    """Shares of 1..5 that the model implies, careers equally frequent, (5,)."""
    edges = np.concatenate([[-np.inf], THRESHOLDS, [np.inf]])
    upto = ndtr((edges[:, None] - location - EFFECTS) / np.hypot(1.0, SPREAD)).mean(axis=1)
    return np.diff(upto)


def simulated_responses(design: Design, number: int) -> list[dict[str, Any]]:
    """Responses of one edition, in the form's own format."""
    rng = np.random.default_rng([design.seed, number])
    common = np.random.default_rng([design.seed, 10**6])  # the questions, and the panel's leanings
    location = locations(design, common) + shift(design, number)
    staying = round(design.panel * design.respondents)
    panel = common.standard_normal(staying)
    leaning = np.concatenate([panel, rng.standard_normal(design.respondents - staying)])
    career = rng.integers(0, len(CAREER), design.respondents)
    answers = stances(location, leaning, career, rng)
    own = edition(design, number)
    asked = [q for q in range(design.questions) if question_id(q) in own["questions"]]
    shares = [true_shares(x)[3:].sum() for x in location]
    return [
        {
            "format": FORMAT,
            "edition": own["id"],
            "respondent": f"simulated-{number}-{r:06d}",
            "panel": f"simulated-panel-{r:06d}" if r < staying else None,
            "consent": consent_hash(CONSENT),
            "strata": {"career": CAREER[career[r]]},
            "bucket": str(own["year"]),
            "answers": _answers(design, asked, answers[r], shares, own["questions"], rng),
        }
        for r in range(design.respondents)
    ]


def _answers(
    design: Design, asked: list[int], stance: NDArray[np.int64], shares: list[float],
    hashes: dict[str, str], rng: np.random.Generator,
) -> list[dict[str, Any]]:  # fmt: skip
    """One respondent's answers: all anchors, some others, now and then without a stance."""
    others = [q for q in asked if q >= design.anchors]
    count = min(max(0, design.shown - design.anchors), len(others))
    seen = {*range(design.anchors), *rng.choice(others, size=count, replace=False).tolist()}
    found = []
    for q in asked:
        name = question_id(q)
        answer: dict[str, Any] = {"question": name, "wording": hashes[name], "shown": q in seen}
        if q in seen:
            none = rng.random() < design.no_stance
            answer["stance"] = None if none else int(stance[q])
            answer["no_stance"] = str(rng.choice(NO_STANCE)) if none else None
            guess = np.clip(shares[q] + 0.1 + 0.15 * rng.standard_normal(), 0.0, 1.0)
            answer["predicted_share"] = round(float(guess) * 20) / 20
        found.append(answer)
    return found
