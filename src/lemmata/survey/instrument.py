"""The instrument: a bank of questions whose wordings are known by hash, and editions that ask them.

A question is one thing through the years only while its wording is. Each wording (text, labels and
polarity) has a SHA-256 in the bank, and each edition keeps the first 12 digits of what it asked, so
a wording that changes without a new version is found from two sides and stops the build. Answers
may be pooled from version `comparable_from` on. Loaded while the DAG is built: no numerics.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lemmata.config import build, canonical, check, read_yaml
from lemmata.errors import LemmataError
from lemmata.survey.schemas import BANK, EDITION

SHORT = 12
"""Digits of a wording's hash that editions and answers keep."""


@dataclass(frozen=True)
class Wording:
    """One version of a question; `comparable`: why its answers may be pooled with the last."""

    version: int
    text: str
    sha256: str
    labels: tuple[str, ...] = ()
    comparable: str | None = None


@dataclass(frozen=True)
class Question:
    """A question through the years. predicted: it also asks what share of the community agrees.

    origin: published (the source's own words), paraphrase (shortened by others), proposed (ours,
    asked by nobody yet).
    """

    id: str
    series: str
    topic: str
    type: Literal["likert", "share", "forecast", "free_text"]
    origin: Literal["published", "paraphrase", "proposed"]
    wordings: tuple[Wording, ...]
    comparable_from: int
    predicted: bool = False
    anchor: bool = False
    polarity: int = 1
    unit: str = "percent"
    first_edition: str | None = None
    retired_edition: str | None = None

    def by_hash(self, short: str) -> Wording | None:
        """The wording whose hash begins so."""
        return next((w for w in self.wordings if w.sha256.startswith(short)), None)


@dataclass(frozen=True)
class Edition:
    """One fielding: who was asked, how, and what. questions: id -> hash of the wording asked."""

    id: str
    series: str
    title: str
    year: int
    fielded: str
    population: str
    sampling: str
    invited: int | None
    completed: int | None
    incentive: str
    consent: str
    ethics: str
    licence: str
    citation: str
    source: Literal["aggregates", "responses", "interview", "anes96", "simulated"]
    questions: Mapping[str, str]
    strata: Mapping[str, Sequence[str]]
    salt: str = ""
    shown: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Asked:
    """A question as one edition asked it."""

    question: Question
    wording: Wording

    @property
    def labels(self) -> tuple[str, ...]:
        """Scale labels, lowest first."""
        return self.wording.labels

    @property
    def comparable(self) -> bool:
        """Whether its answers may be pooled with those of later editions."""
        return self.wording.version >= self.question.comparable_from


def wording_hash(text: str, labels: Sequence[str] = (), polarity: int = 1) -> str:
    """SHA-256 of a wording, normalised: Unicode NFC, white space as single blanks."""

    def plain(words: str) -> str:
        return " ".join(unicodedata.normalize("NFC", words).split())

    said = [plain(text), [plain(label) for label in labels], polarity]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def parse_bank(values: Any, name: str) -> dict[str, Question]:
    """Check a bank and return its questions by id; `name` opens an error's message."""
    check(values, BANK, name)
    bank: dict[str, Question] = {}
    for item in values:
        question = build(Question, item, f"{name}: question {item['id']}")
        if question.id in bank:
            raise LemmataError(f"{name}: question {question.id}: id occurs twice")
        _check_wordings(question, f"{name}: question {question.id}")
        bank[question.id] = question
    return bank


def _check_wordings(question: Question, name: str) -> None:
    """Versions count from 1, hashes are true, and every new version says whether it compares."""
    for number, wording in enumerate(question.wordings, start=1):
        if wording.version != number:
            raise LemmataError(f"{name}: version {wording.version}: must be {number}")
        if (question.type == "likert") != bool(wording.labels):
            raise LemmataError(f"{name}: labels: type likert has them, other types none")
        found = wording_hash(wording.text, wording.labels, question.polarity)
        if found != wording.sha256:
            raise LemmataError(
                f"{name}: wording {number} has sha256 {found}, not {wording.sha256 or 'none'}: "
                "a changed wording is a new version, and says from where answers compare"
            )
        if number > 1 and question.comparable_from < number and wording.comparable is None:
            raise LemmataError(
                f"{name}: comparable_from = {question.comparable_from}: must be {number}, "
                f"or wording {number} must say under `comparable` why its answers may be pooled"
            )
    if question.comparable_from > len(question.wordings):
        raise LemmataError(f"{name}: comparable_from = {question.comparable_from}: no such version")


def parse_edition(values: Any, bank: Mapping[str, Question], name: str) -> Edition:
    """Check an edition against the bank."""
    check(values, EDITION, name)
    edition = build(Edition, values, name)
    for question, short in edition.questions.items():
        if question not in bank:
            raise LemmataError(f"{name}: questions.{question}: not in the question bank")
        if bank[question].series != edition.series:
            raise LemmataError(f"{name}: questions.{question}: of series {bank[question].series}")
        if bank[question].by_hash(short) is None:
            raise LemmataError(
                f"{name}: questions.{question} = {short}: the bank has no such wording; a wording "
                "that was asked stays in the bank, and a changed one is a new version"
            )
    return edition


def asked_by(edition: Edition, bank: Mapping[str, Question]) -> dict[str, Asked]:
    """What an edition asked, by question, in the order of the bank."""
    found = {}
    for name in (name for name in bank if name in edition.questions):
        wording = bank[name].by_hash(edition.questions[name])
        assert wording is not None  # noqa: S101 - `parse_edition` has checked it
        found[name] = Asked(bank[name], wording)
    return found


@dataclass(frozen=True)
class Survey:
    """All editions of a folder, oldest first, and the bank."""

    bank: Mapping[str, Question]
    editions: Mapping[str, Edition]

    def slice(self, edition: str) -> dict[str, Any]:
        """What the ingestion of one edition reads: its own description and its own questions.

        Another edition, or a question that it did not ask, changes nothing here: editions add up.
        """
        own = self.editions[edition]
        values: dict[str, Any] = canonical({"edition": plain(own), "bank": self.questions_of(own)})
        return values

    def questions_of(self, *editions: Edition) -> list[Any]:
        """The questions that some editions asked, as plain values in the order of the bank."""
        wanted = {name for edition in editions for name in edition.questions}
        return [plain(q) for name, q in self.bank.items() if name in wanted]

    def series(self, name: str) -> list[Edition]:
        """The editions of one series, oldest first."""
        return [edition for edition in self.editions.values() if edition.series == name]

    def earlier(self, edition: str) -> list[str]:
        """The editions of the same series before this one, oldest first."""
        ids = [e.id for e in self.series(self.editions[edition].series)]
        return ids[: ids.index(edition)]


def plain(item: Question | Edition) -> dict[str, Any]:
    """Plain values, as a job's cfg holds them and `parse_bank`, `parse_edition` take them."""
    from dataclasses import asdict

    values: dict[str, Any] = json.loads(json.dumps(asdict(item)))
    if isinstance(item, Question):
        for wording in values["wordings"]:
            for key in ("labels", "comparable"):
                if not wording[key]:
                    del wording[key]
        return values
    return {key: value for key, value in values.items() if key not in OPTIONAL or value}


OPTIONAL = ("salt", "shown", "note")


def load_survey(folder: Path) -> Survey:
    """Read questions.yaml and every <edition>/edition.yaml below a folder.

    Raises LemmataError, one line that names file, question or edition, for anything not allowed.
    """
    path = folder / "questions.yaml"
    bank = parse_bank(read_yaml(path), str(path))
    editions = []
    for found in sorted(folder.glob("*/edition.yaml")):
        edition = parse_edition(read_yaml(found), bank, str(found))
        if edition.id != found.parent.name:
            raise LemmataError(f"{found}: id = {edition.id!r}: must be {found.parent.name!r}")
        editions.append(edition)
    editions.sort(key=lambda edition: (edition.year, edition.id))
    return Survey(bank, {edition.id: edition for edition in editions})
