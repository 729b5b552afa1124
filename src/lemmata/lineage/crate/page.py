"""The page of a crate for people: its claims, its figures, its jobs. Made of the metadata alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import unquote

from lemmata.lineage.crate.vocabulary import METADATA, ROOT

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse } td, th { border-bottom: 1px solid #ccc; padding: .3rem .6rem;
text-align: left; vertical-align: top } figure { margin: 2rem 0 } img { max-width: 100% }
figcaption { color: #444 } code { overflow-wrap: anywhere }
"""

Entity = Mapping[str, Any]


def page(metadata: Mapping[str, Any]) -> bytes:
    """HTML without scripts; pictures and files are linked by their place in the crate."""
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    title = escape(entities[ROOT]["name"])
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        *_head(entities),
        "<h2>Claims</h2>",
        *_table(("claim", "statement", "verdict", "because"), _claims(entities)),
        "<h2>Figures</h2>",
        *_figures(entities),
        "<h2>Jobs</h2>",
        *_table(("job", "began", "ended", "record"), _jobs(entities)),
        "</body></html>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _head(entities: Mapping[str, Entity]) -> Iterator[str]:
    root = entities[ROOT]
    author = entities.get(_id(root.get("author")), {})
    who = f" by {escape(str(author['name']))}" if "name" in author else ""
    yield f"<p>{escape(root['description'])}</p>"
    yield f"<p>Finished {escape(root['datePublished'])}{who}."
    yield f"Licence: {_link(_id(root['license']))}."
    yield f"All of it is described in {_link(METADATA)}, for programs.</p>"
    yield "<p><code>lemmata audit</code> on the crate checks every file, record and statement.</p>"


def _claims(entities: Mapping[str, Entity]) -> Iterator[tuple[str, ...]]:
    for review in _of_type(entities, "ClaimReview"):
        claim = entities[_id(review["itemReviewed"])]
        verdict = entities[_id(review["reviewRating"])]["ratingValue"]
        paper = entities[_id(claim["citation"])]
        statement = f"{escape(claim['text'])} ({_link(paper['@id'], paper['name'])})"
        yield escape(claim["name"]), statement, escape(verdict), escape(review["reviewBody"])


def _figures(entities: Mapping[str, Entity]) -> Iterator[str]:
    for figure in _of_type(entities, "ImageObject"):
        source, name = escape(figure["@id"]), escape(figure["name"])
        if figure["encodingFormat"] == "image/png":
            about = _as_list(figure.get("about", []))
            claims = "; ".join(str(entities[_id(claim)]["name"]) for claim in about)
            words = [figure.get("caption", ""), f"For the claim {claims}." if claims else ""]
            yield f'<figure><a href="{source}"><img src="{source}" alt="{name}" loading="lazy"></a>'
            yield f"<figcaption><code>{name}</code><br>{escape(' '.join(words))}</figcaption>"
            yield "</figure>"


def _jobs(entities: Mapping[str, Entity]) -> Iterator[tuple[str, ...]]:
    for action in _of_type(entities, "CreateAction"):
        times = (escape(action["startTime"]), escape(action["endTime"]))
        record = _link(_id(action["subjectOf"])) if "subjectOf" in action else ""
        failed = f": failed, {escape(action['error'])}" if "error" in action else ""
        yield (f"{escape(action['name'])}{failed}", *times, record)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield "<table><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"
    yield from ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    yield "</table>"


def _of_type(entities: Mapping[str, Entity], kind: str) -> list[Entity]:
    return [entity for entity in entities.values() if kind in _as_list(entity["@type"])]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _id(value: Any) -> str:
    return str(value["@id"]) if isinstance(value, Mapping) else ""


def _link(address: str, text: str | None = None) -> str:
    return f'<a href="{escape(address)}">{escape(text or unquote(address))}</a>'
