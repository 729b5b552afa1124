"""Figures and claims of a crate, in words of schema.org.

A figure is a File and an ImageObject. `isBasedOn`: the table that it draws; `caption`; `about`: the
claims that it was drawn for.

A claim is a Claim. `text`: the statement; `citation`: the paper, a ScholarlyArticle; `subjectOf`:
its figures, its file and its verdict. The verdict is a ClaimReview of it (`itemReviewed`), with the
verdict itself as `reviewRating`, the reason as `reviewBody`, the tables of evidence as `isBasedOn`
and each measured statistic as a PropertyValue (`about`): value, interval (`minValue`, `maxValue`),
criterion. The same values are the `variableMeasured` of the table that they stand in. The file of
the claim has the verdict as its `mainEntity`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.crate.builder import Graph
from lemmata.lineage.crate.contents import Contents
from lemmata.lineage.crate.rules import Rule, caption
from lemmata.lineage.crate.vocabulary import Ref, file_id, local_id, ref

PICTURES = (".png", ".svg")
CLAIMS = "claims"


def add_figures(graph: Graph, contents: Contents, rules: Mapping[str, Rule]) -> None:
    """Say of each picture that it is one, what it draws, and what its caption says."""
    for job in contents.jobs:
        template = rules[job["rule"]].caption if job["rule"] in rules else None
        words = None if template is None else caption(template, job)
        table = job["layout"]["output"].get("data")
        for path in _pictures(job):
            graph.retype(file_id(path), ["File", "ImageObject"])
            graph.say(
                file_id(path),
                caption=words,
                isBasedOn=ref(file_id(table)) if isinstance(table, str) else None,
            )


def add_claims(graph: Graph, contents: Contents) -> None:
    """Add every claim of the scale; raises LemmataError for a file that holds none."""
    folder = f"{contents.results}/{CLAIMS}/"
    for path in contents.files:
        if path.startswith(folder) and path.endswith(".json") and ".prov." not in path:
            try:
                judged = json.loads((contents.root / path).read_bytes())
                _add_claim(graph, contents, path, judged)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                what = f"{type(error).__name__}: {error}"
                raise LemmataError(f"{path}: is no judged claim ({what})") from error


def _add_claim(graph: Graph, contents: Contents, path: str, judged: Mapping[str, Any]) -> None:
    name = judged["id"]
    claim = graph.add(
        local_id("claim", name),
        "Claim",
        name=name,
        text=judged["statement"],
        description=f"Criterion: {judged['basis']}; {judged['source']}",
        citation=_paper(graph, judged["paper"]),
    )
    tables = [f"{contents.results}/{table}" for table in judged["evidence"]]
    measured = [
        _add_part(graph, name, number, part, f"{contents.results}/{part['table']}")
        for number, part in enumerate(judged["parts"])
    ]
    review = graph.add(
        local_id("verdict", name),
        "ClaimReview",
        name=f"{name}: {judged['verdict']}",
        claimReviewed=judged["statement"],
        itemReviewed=claim,
        reviewBody=judged["reason"],
        reviewRating=graph.add(
            local_id("rating", judged["verdict"]), "Rating", ratingValue=judged["verdict"]
        ),
        isBasedOn=[ref(file_id(table)) for table in tables],
        about=measured,
    )
    graph.say(file_id(path), mainEntity=review)
    tellers = [path, *_figures(contents, judged["figure"])]
    for told in (review, *(ref(file_id(teller)) for teller in tellers)):
        graph.append(claim["@id"], "subjectOf", told)
    for teller in [*tellers, *tables]:
        graph.append(file_id(teller), "about", claim)


def _add_part(graph: Graph, name: str, number: int, part: Mapping[str, Any], table: str) -> Ref:
    tested = part["value"] is not None
    sample = f", n = {part['n']}" if tested else ""
    measured = graph.add(
        local_id("statistic", name, str(number)),
        "PropertyValue",
        name=part["statistic"],
        value=part["value"],
        minValue=part["lower"],
        maxValue=part["upper"],
        description=f"asked {part['criterion']}: {part['verdict']}{sample}",
        measurementTechnique=part["why"],
    )
    if graph.holds(file_id(table)):
        graph.append(file_id(table), "variableMeasured", measured)
    return measured


def _paper(graph: Graph, paper: Mapping[str, str]) -> Ref:
    url = f"https://arxiv.org/abs/{paper['arxiv']}"
    identifier = f"arXiv:{paper['arxiv']}"
    return graph.add(url, "ScholarlyArticle", name=paper["title"], identifier=identifier, url=url)


def _figures(contents: Contents, figure: str | None) -> list[str]:
    """The pictures of the job that drew a claim's figure, in every format."""
    path = f"{contents.results}/{figure}"
    for job in contents.jobs:
        if any(item["path"] == path for item in job["outputs"]):
            return _pictures(job)
    return []


def _pictures(job: Mapping[str, Any]) -> list[str]:
    return [item["path"] for item in job["outputs"] if item["path"].endswith(PICTURES)]
