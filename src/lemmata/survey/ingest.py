"""The one door of answers: exports of the form, public microdata and simulated editions alike.

Table of answers, one row per respondent and question (the key is unique)::

    edition    respondent    question   version  shown  stance  no_stance  predicted_share  weight
    demo_2026  3f0a61c2d9ee  benchmark  1        True   4       None       0.35             1.0

with the columns bucket, panel and one `stratum_<name>` for each stratum of the edition. Free text
is dropped: it identifies people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lemmata.config import check
from lemmata.errors import LemmataError
from lemmata.survey.instrument import Asked, Edition
from lemmata.survey.schemas import NO_STANCE, RESPONSE

WITHHELD = "withheld"
"""The stratum of respondents whose own would be too small to publish."""
COLUMNS = {
    "edition": "str",
    "respondent": "str",
    "question": "str",
    "version": "int64",
    "shown": "bool",
    "stance": "Int64",
    "no_stance": "str",
    "predicted_share": "float64",
    "weight": "float64",
    "bucket": "str",
    "panel": "str",
}
Named = Iterable[tuple[str, Mapping[str, Any]]]


def ingest(
    responses: Named,
    edition: Edition,
    asked: Mapping[str, Asked],
    withdrawn: Sequence[str] = (),
    k: int = 5,
) -> pd.DataFrame:
    """Check and flatten responses, (name of the file, parsed response) each; see the module.

    Respondents on the list of withdrawals are left out before anything is read of them. Raises
    LemmataError naming the file for whatever the edition did not ask or the scale does not hold.
    """
    rows: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    gone = set(withdrawn)
    for name, response in responses:
        check(response, RESPONSE, name)
        if response["respondent"] in gone:
            continue
        if response["edition"] != edition.id:
            raise LemmataError(f"{name}: edition = {response['edition']!r}: must be {edition.id!r}")
        own = salted(edition, response["respondent"])
        if own in seen:
            raise LemmataError(f"{name}: the same respondent as in {seen[own]}")
        seen[own] = name
        common = _common(response, edition, own, name)
        rows += _answers(response, common, asked, name)
    strata = [f"stratum_{name}" for name in edition.strata]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *strata]).astype(
        COLUMNS | dict.fromkeys(strata, "str")
    )
    return withhold_small(frame, strata, k)


def salted(edition: Edition, respondent: str) -> str:
    """An id that links neither to the respondent's own nor to other editions."""
    return hashlib.sha256(f"{edition.salt}:{respondent}".encode()).hexdigest()[:16]


def _common(
    response: Mapping[str, Any], edition: Edition, respondent: str, name: str
) -> dict[str, Any]:
    """What all rows of one respondent share."""
    if response["consent"] != consent_hash(edition.consent):
        raise LemmataError(f"{name}: consent: given to another text than edition {edition.id} has")
    if set(response["strata"]) != set(edition.strata):
        allowed = ", ".join(edition.strata) or "none"
        raise LemmataError(f"{name}: strata: {sorted(response['strata'])}: must be {allowed}")
    for stratum, value in response["strata"].items():
        if value not in edition.strata[stratum]:
            allowed = ", ".join(edition.strata[stratum])
            raise LemmataError(f"{name}: strata.{stratum} = {value!r}: allowed: {allowed}")
    return {
        "edition": edition.id,
        "respondent": respondent,
        "weight": float(response.get("weight", 1.0)),
        "bucket": response["bucket"],
        "panel": response.get("panel"),
        **{f"stratum_{key}": value for key, value in response["strata"].items()},
    }


def consent_hash(text: str) -> str:
    """SHA-256 of a consent text, white space as single blanks."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def _answers(
    response: Mapping[str, Any], common: Mapping[str, Any], asked: Mapping[str, Asked], name: str
) -> list[dict[str, Any]]:
    """One row an answer, each checked against its question."""
    rows: list[dict[str, Any]] = []
    answered: set[str] = set()
    for answer in response["answers"]:
        question = answer["question"]
        if question not in asked:
            raise LemmataError(
                f"{name}: question {question!r}: not asked; allowed: {', '.join(asked)}"
            )
        if question in answered:
            raise LemmataError(f"{name}: question {question}: answered twice")
        answered.add(question)
        _check_answer(answer, asked[question], f"{name}: question {question}")
        rows.append(
            {
                **common,
                "question": question,
                "version": asked[question].wording.version,
                "shown": answer["shown"],
                "stance": answer.get("stance"),
                "no_stance": answer.get("no_stance"),
                "predicted_share": answer.get("predicted_share"),
            }
        )
    return rows


def _check_answer(answer: Mapping[str, Any], asked: Asked, name: str) -> None:
    """The wording is the one asked, the stance on the scale, and reasons are given for none."""
    if not asked.wording.sha256.startswith(answer["wording"]) or not answer["wording"]:
        raise LemmataError(f"{name}: wording {answer['wording']!r}: not the one that was asked")
    stance, reason = answer.get("stance"), answer.get("no_stance")
    top = len(asked.labels)
    if stance is not None and not 1 <= stance <= top:
        raise LemmataError(f"{name}: stance = {stance}: the scale is 1 to {top}")
    if stance is not None and reason is not None:
        raise LemmataError(f"{name}: both a stance and a reason for none")
    predicted = answer.get("predicted_share")
    if predicted is not None and not asked.question.predicted:
        raise LemmataError(f"{name}: predicted_share = {predicted}: not asked")
    if not answer["shown"] and (stance, reason, predicted) != (None, None, None):
        raise LemmataError(f"{name}: answered, though not shown")


def withhold_small(frame: pd.DataFrame, strata: Sequence[str], k: int) -> pd.DataFrame:
    """Withhold the strata of respondents whose combination fewer than k of them share.

    The smallest combinations go first, until those without a stratum are k or more themselves (or
    nobody is left): a withheld group of two would tell as much as its own names.
    """
    if not strata or frame.empty:
        return frame
    people = frame.drop_duplicates("respondent").set_index("respondent")[list(strata)]
    key = people.agg("|".join, axis=1)
    sizes = key.value_counts().sort_index().sort_values(kind="stable")
    hidden: list[str] = []
    for combination, size in sizes.items():
        count = int(sizes[hidden].sum())
        if size >= k and (count == 0 or count >= k):
            break
        hidden.append(str(combination))
    small = frame["respondent"].isin(key.index[key.isin(hidden)])
    return frame.assign(**{s: np.where(small, WITHHELD, frame[s]) for s in strata}).astype(
        dict.fromkeys(strata, "str")
    )


def answer_counts(
    frame: pd.DataFrame, asked: Asked, strata: Sequence[str] = ()
) -> tuple[pd.Index, Any]:
    """Respondents by stratum and answer to one question: the strata, and counts (G, 1 + K).

    Column 0 holds who gave no stance; who was not shown the question is left out, since which
    questions somebody sees was drawn by chance.
    """
    own = frame[(frame["question"] == asked.question.id) & frame["shown"]]
    columns: Any = [own[name] for name in strata]
    key = columns[0].str.cat(columns[1:], sep="|") if strata else pd.Series("", index=own.index)
    at, names = pd.factorize(key, sort=True)
    points = len(asked.labels) + 1
    cell = at * points + own["stance"].fillna(0).to_numpy(dtype=np.int64)
    counts = np.bincount(cell, minlength=len(names) * points)
    return names, counts.reshape(-1, points)


def reasons(frame: pd.DataFrame, question: str) -> dict[str, int]:
    """How many gave each reason for no stance; `skipped` where none was given."""
    own = frame[(frame["question"] == question) & frame["shown"] & frame["stance"].isna()]
    counted = own["no_stance"].fillna("skipped").value_counts()
    return {name: int(counted.get(name, 0)) for name in (*NO_STANCE, "skipped")}
