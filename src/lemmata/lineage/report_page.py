"""What the report says of a figure: its claims and verdicts, its digest, and its lineage.

Everything is read from the tree while the report is made, and every byte of the lineage is checked
then, so that a caption can be neither stale nor more trusting than `lemmata audit`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from lemmata.claims import Claim
from lemmata.errors import LemmataError
from lemmata.lineage.audit import Auditor, Node
from lemmata.lineage.checks import Status
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.render import git_line
from lemmata.lineage.report_template import ABOUT, MACROS, OVERVIEW
from lemmata.report.words import SIGNS, summary, value_text

FIGURES = (".png", ".svg")
SHOWN = 8  # problems told before the rest is counted


@dataclass(frozen=True)
class About:
    """What is known of a file. node is None, and problems say why, where nothing is recorded."""

    path: str
    node: Node | None
    problems: list[str]
    status: str

    @property
    def record(self) -> dict[str, Any] | None:
        """The record of the job that wrote the file, where it is whole."""
        return None if self.node is None else self.node.record

    @property
    def files(self) -> int:
        """How many files the lineage holds."""
        return 0 if self.node is None else len({node.path for node in self.node.walk()})


@dataclass(frozen=True)
class Stage:
    """The jobs of a lineage that ran one rule with one script."""

    rule: str
    script: str
    jobs: list[Mapping[str, Any]]

    @property
    def codes(self) -> list[str]:
        """Digests of the code that ran; more than one where it was edited in between."""
        return sorted({job["code"]["digest"] for job in self.jobs})

    @property
    def commits(self) -> list[str]:
        """Git commits that it ran at."""
        return sorted({git_line(job) for job in self.jobs})


class Pages:
    """HTML of the figures of one tree. Paths are relative to the folder that holds Snakefile.

    results: the folder results/<scale>; claims: those that the configuration selects.
    """

    def __init__(self, results: Path, claims: Iterable[Claim]) -> None:
        self.results = results
        self.claims = list(claims)
        self._hashes = Hashes()
        self._auditor = Auditor(self._hashes)
        self._environment = jinja2.Environment(
            loader=jinja2.DictLoader({"macros": MACROS, "about": ABOUT, "overview": OVERVIEW}),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def about(self, path: str) -> str:
        """Claims, digests and lineage of one file."""
        about = self._ask(path)
        claims = [self._judged(claim) for claim in self.claims_of(path)]
        self._hashes.save()
        return self._render(
            "about",
            about=about,
            claims=claims,
            is_figure=Path(path).suffix in FIGURES,
            stages=[] if about.node is None else stages(about.node),
            outputs=[] if about.record is None else about.record["outputs"],
            git="" if about.record is None else git_line(about.record),
            shown=SHOWN,
        )

    def overview(self, paths: Sequence[str]) -> str:
        """Every figure with its claims, verdicts and digest; claims without a figure at the end."""
        rows = [(self._ask(path), self.claims_of(path)) for path in paths]
        rows.sort(key=lambda row: (not row[1], row[0].path))
        drawn = {claim.id for _, claims in rows for claim in claims}
        undrawn = [claim for claim in self.claims if claim.id not in drawn]
        named = [(about, self._name(about.path), claims) for about, claims in rows]
        judged = {claim.id: self._judged(claim) for claim in self.claims}
        self._hashes.save()
        counts = summary(list(judged.values()))
        return self._render("overview", rows=named, judged=judged, undrawn=undrawn, summary=counts)

    def claims_of(self, path: str) -> list[Claim]:
        """The claims that a figure, in any of its formats, is drawn for."""
        stem = Path(path).with_suffix("")
        return [c for c in self.claims if (self.results / c.figure).with_suffix("") == stem]

    def _name(self, path: str) -> str:
        """A figure's path without what all figures share, nor a folder named as its file."""
        below = Path(path).with_suffix("")
        if below.is_relative_to(self.results):
            below = below.relative_to(self.results)
        parts = [part for part in below.parts if part != "figures"]
        return "/".join(dict.fromkeys(parts))

    def _ask(self, path: str) -> About:
        try:
            node = self._auditor.lineage(Path(path))
        except LemmataError as error:
            return About(path, None, [str(error)], Status.MISSING)
        problems = node.found()
        order = list(Status)
        status = max((p.status for p in problems), key=order.index, default=Status.INTACT)
        return About(path, node, [str(problem) for problem in problems], status)

    def _judged(self, claim: Claim) -> dict[str, Any]:
        """The verdict's file with what is wrong with it; a claim without one is not judged yet."""
        path = self.results / "claims" / f"{claim.id}.json"
        about = self._ask(str(path))
        try:
            judged: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            judged = {"verdict": "not judged", "reason": "no verdict can be read", "parts": []}
        return {
            "id": claim.id,
            "statement": judged.get("statement", claim.statement),
            **{key: judged[key] for key in ("verdict", "reason", "parts")},
            "path": str(path),
            "problems": about.problems,
        }

    def _render(self, name: str, **values: Any) -> str:
        template = self._environment.get_template(name)
        return template.render(
            signs=SIGNS, value=value_text, below=self._below, results=self.results, **values
        )

    def _below(self, path: str) -> str:
        """A path without results/<scale>/, where it lies there."""
        return path.removeprefix(f"{self.results}/")


def stages(node: Node) -> list[Stage]:
    """The jobs of a lineage by rule and script, from the figure's own to those of the raw data."""
    jobs = {n.entry.path: n for n in node.walk() if n.entry is not None and not n.repeated}
    rank = dict.fromkeys(jobs, 0)
    for path in reversed(jobs):  # a job before its inputs' jobs: longest way from the figure
        for child in _writers(jobs[path]):
            rank[child] = max(rank[child], rank[path] + 1)
    found: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(jobs, key=lambda path: (rank[path], str(path))):
        record = jobs[path].record
        if record is not None:
            found.setdefault((record["rule"], record["code"]["script"]), []).append(path)
    ordered = sorted(found.items(), key=lambda item: max(rank[path] for path in item[1]))
    return [
        Stage(rule, script, [r for path in paths if (r := jobs[path].record) is not None])
        for (rule, script), paths in ordered
    ]


def _writers(node: Node) -> Iterator[Path]:
    return (child.entry.path for child in node.children if child.entry is not None)
