"""Ingestion of an edition, whatever it comes as: responses, public microdata, aggregates, codes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lemmata.config import check, read_yaml
from lemmata.errors import LemmataError
from lemmata.survey.aggregates import read_aggregates
from lemmata.survey.anes import anes_responses
from lemmata.survey.ingest import ingest
from lemmata.survey.instrument import Asked, Edition, asked_by, parse_bank, parse_edition
from lemmata.survey.schemas import CODES, WITHDRAWN
from lemmata.survey.shares import Precision, answered, published


class Entered(NamedTuple):
    """The tables of one edition; those that its source does not give are empty."""

    answers: pd.DataFrame
    shares: pd.DataFrame
    measures: pd.DataFrame
    codes: pd.DataFrame


def enter(
    edition: Mapping[str, Any],
    bank: Sequence[Any],
    paths: Sequence[str],
    precision: Mapping[str, Any],
) -> Entered:
    """Read the files of one edition. edition, bank: plain values (`Survey.slice`)."""
    questions = parse_bank(bank, "question bank")
    own = parse_edition(edition, questions, f"edition {edition['id']}")
    asked, files = asked_by(own, questions), [Path(path) for path in paths]
    exactness = Precision(**precision)
    if own.source == "aggregates":
        frame = read_aggregates(only(files, ".csv", own), asked)
        return Entered(_nobody(own, asked), *published(frame, own, asked, exactness), _uncoded())
    if own.source == "interview":
        coded = read_codes(only(files, ".yaml", own), asked)
        none = _nobody(own, asked)
        return Entered(none, *answered(none, own, asked, exactness), coded)
    if own.source == "anes96":
        named = [(f"{own.id}: row {i}", r) for i, r in enumerate(anes_responses(own))]
        answers = ingest(named, own, asked, k=exactness.k)
    else:
        responses = read_responses([path for path in files if path.suffix == ".json"])
        answers = ingest(responses, own, asked, read_withdrawn(files), exactness.k)
    return Entered(answers, *answered(answers, own, asked, exactness), _uncoded())


def read_responses(paths: Sequence[Path]) -> list[tuple[str, Any]]:
    """Responses with a name for errors; a file holds one response or a list of them."""
    found: list[tuple[str, Any]] = []
    for path in paths:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise LemmataError(f"{path}: not readable JSON ({error})") from error
        many = content if isinstance(content, list) else None
        if many is None:
            found.append((str(path), content))
        else:
            found += [(f"{path}: response {i + 1}", item) for i, item in enumerate(many)]
    return found


def read_withdrawn(paths: Sequence[Path]) -> list[str]:
    """The receipts of who withdrew; an edition without the file has none."""
    for path in paths:
        if path.name == "withdrawn.yaml":
            listed = read_yaml(path)
            check(listed, WITHDRAWN, str(path))
            return listed or []
    return []


def read_codes(path: Path, asked: Mapping[str, Asked]) -> pd.DataFrame:
    """Codes of free answers, one row per answer and coder; names only with recorded permission."""
    content = read_yaml(path)
    check(content, CODES, str(path))
    if content["question"] not in asked:
        raise LemmataError(f"{path}: question {content['question']!r}: not asked")
    rows = [
        {
            "question": content["question"],
            "proposition": content["proposition"],
            "answer": answer["answer"],
            "name": answer["name"],
            "coder": coder,
            "stance": str(code["stance"]),
            "themes": "; ".join(code.get("themes", [])),
            "adjudicated": answer.get("adjudicated", ""),
            "read": content["read"],
            "permission": content["permission"],
        }
        for answer in content["answers"]
        for coder, code in answer["codes"].items()
    ]
    frame = pd.DataFrame(rows)
    if frame.duplicated(["answer", "coder"]).any():
        raise LemmataError(f"{path}: an answer is listed twice")
    return frame


def only(files: Sequence[Path], suffix: str, edition: Edition) -> Path:
    """The one file of this kind that an edition has."""
    found = [path for path in files if path.suffix == suffix]
    if len(found) != 1:
        raise LemmataError(f"edition {edition.id}: {len(found)} files {suffix}, must be one")
    return found[0]


def _nobody(edition: Edition, asked: Mapping[str, Asked]) -> pd.DataFrame:
    return ingest([], edition, asked)


def _uncoded() -> pd.DataFrame:
    columns = (
        "question", "proposition", "answer", "name", "coder", "stance", "themes", "adjudicated",
        "read", "permission",
    )  # fmt: skip
    return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
