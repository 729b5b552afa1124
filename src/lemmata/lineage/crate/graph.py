"""The metadata of a crate: a function of its contents, and of the few facts that no file shows.

Whoever checks a crate builds them anew from the records inside and compares. Nothing in them is
believed for its own sake.
"""

from __future__ import annotations

import shlex
from typing import Any

from lemmata.lineage.crate.actions import add_jobs
from lemmata.lineage.crate.builder import Graph
from lemmata.lineage.crate.contents import LICENSE, README, WORKFLOW, Contents, Item
from lemmata.lineage.crate.evidence import add_claims, add_figures
from lemmata.lineage.crate.rules import rules_of
from lemmata.lineage.crate.stated import Stated
from lemmata.lineage.crate.vocabulary import (
    COMPLETED,
    FREE,
    LAYOUT,
    METADATA,
    PREVIEW,
    PROFILES,
    ROOT,
    SPDX,
    WORKFLOW_CRATE,
    Ref,
    file_id,
    instant,
    media_type,
    ref,
)
from lemmata.lineage.crate.workflow import add_workflow, engine

RUN = "#run"
ENGINE_RUN = "#engine-run"


def metadata_of(contents: Contents, stated: Stated) -> dict[str, Any]:
    """The JSON-LD of the crate; raises LemmataError for a claim that is none."""
    graph = Graph()
    rules = rules_of(contents.root)
    agent = _agent(graph, stated)
    _add_files(graph, contents, stated)
    add_workflow(graph, contents, stated, rules)
    controls = add_jobs(graph, contents, agent)
    add_figures(graph, contents, rules)
    add_claims(graph, contents)
    _add_run(graph, contents, agent, controls)
    _add_root(graph, contents, agent)
    return graph.metadata()


def _agent(graph: Graph, stated: Stated) -> Ref | None:
    agent = stated.agent
    if agent is None:
        return None
    identifier = f"mailto:{agent.email}" if agent.email else f"#person/{file_id(agent.name or '')}"
    return graph.add(identifier, "Person", name=agent.name, email=agent.email)


def _add_files(graph: Graph, contents: Contents, stated: Stated) -> None:
    for path, item in contents.files.items():
        graph.file(path, name=path, **_facts(item), **_origin(graph, stated, path))
    ends = {i["path"]: job["ended"] for job in contents.jobs for i in job["outputs"]}
    for path, said in contents.left_out.items():
        graph.web_file(
            contents.identifiers[path],
            name=path,
            description="Not in the crate: read, but not ours to pass on.",
            sdDatePublished=instant(ends[path]),
            **_facts(Item(path, said["bytes"], said["sha256"])),
            **_origin(graph, stated, path),
        )


def _facts(item: Item) -> dict[str, Any]:
    return {
        "sha256": item.sha256,
        "contentSize": str(item.bytes),
        "encodingFormat": media_type(item.path),
    }


def _origin(graph: Graph, stated: Stated, path: str) -> dict[str, Any]:
    words = stated.licences.get(path)
    spdx = FREE.get(words or "")
    licence: Any = words if spdx is None else _licence(graph, spdx)
    return {"license": licence, "citation": stated.citations.get(path)}


def _licence(graph: Graph, spdx: str) -> Ref:
    url = f"{SPDX}{spdx}"
    text = f"The licence that SPDX lists as {spdx}."
    return graph.add(url, "CreativeWork", name=spdx, url=url, description=text)


def _add_run(graph: Graph, contents: Contents, agent: Ref | None, controls: list[Ref]) -> None:
    """The run of the whole workflow, and the engine that led it."""
    jobs = contents.jobs
    read = {item["path"] for job in jobs for item in job["inputs"]}
    written = [item["path"] for job in jobs for item in job["outputs"]]
    final = [path for path in written if path not in read and path in contents.files]
    times = {
        "startTime": instant(min(job["started"] for job in jobs)),
        "endTime": instant(max(job["ended"] for job in jobs)),
        "actionStatus": COMPLETED,
        "agent": agent,
    }
    commands = dict.fromkeys(shlex.join(job["command"]) for job in jobs)
    graph.add(
        RUN,
        "CreateAction",
        name=f"Run of the workflow at scale {contents.scale}",
        description="; ".join(commands),
        instrument=ref(WORKFLOW),
        object=[ref(file_id(path)) for path in contents.configuration],
        result=[ref(file_id(path)) for path in final],
        **times,
    )
    graph.add(
        ENGINE_RUN,
        "OrganizeAction",
        name="What Snakemake led",
        instrument=engine(graph, contents),
        object=controls,
        result=ref(RUN),
        **times,
    )


def _add_root(graph: Graph, contents: Contents, agent: Ref | None) -> None:
    jobs = contents.jobs
    for url, name in PROFILES.items():
        version = url.rpartition("/")[2]
        graph.add(url, "CreativeWork", name=name, version=version)
    graph.say(
        METADATA, conformsTo=[ref("https://w3id.org/ro/crate/1.1"), ref(WORKFLOW_CRATE)],
        version=LAYOUT,
    )  # fmt: skip
    graph.add(PREVIEW, "CreativeWork", name="For people", about=ref(ROOT))
    if README in contents.files:
        graph.say(file_id(README), about=ref(ROOT))
    graph.say(
        ROOT,
        name=f"lemmata at scale {contents.scale}: figures, claims and where they came from",
        description=(
            f"{len(jobs)} jobs with everything that they read, ran and wrote, each with its record;"
            " every figure and claim with its lineage."
        ),
        datePublished=instant(max(job["ended"] for job in jobs)),
        license=_root_licence(graph, contents),
        author=agent,
        mainEntity=ref(WORKFLOW),
        conformsTo=[ref(url) for url in PROFILES],
        mentions=[ref(RUN), ref(ENGINE_RUN)],
    )
    for action in graph.of_type("CreateAction"):
        graph.append(ROOT, "mentions", action)


def _root_licence(graph: Graph, contents: Contents) -> Ref:
    head = (contents.root / LICENSE).read_text(encoding="utf-8")[:200]
    return _licence(graph, "MIT") if head.startswith("MIT License") else ref(LICENSE)
