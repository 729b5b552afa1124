"""The workflow of a crate: its rules as steps, their scripts as tools, the software they need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lemmata.lineage.crate.builder import Graph
from lemmata.lineage.crate.contents import WORKFLOW, Contents
from lemmata.lineage.crate.rules import Rule
from lemmata.lineage.crate.stated import Stated
from lemmata.lineage.crate.vocabulary import BIOSCHEMAS, Ref, file_id, local_id, ref

LOCK = "envs/requirements.txt"
PINNED = re.compile(r"^snakemake==(\S+)", re.MULTILINE)
SNAKEMAKE_LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
PYTHON = "https://www.python.org/"


def add_workflow(
    graph: Graph, contents: Contents, stated: Stated, rules: Mapping[str, Rule]
) -> None:
    """Add what is known of the Snakefile, a step for each rule and a tool for each script."""
    tools = _add_tools(graph, contents, stated)
    steps = _add_steps(graph, contents, rules)
    graph.add(BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow profile", version="1.0")
    language = graph.add(
        SNAKEMAKE_LANGUAGE,
        "ComputerLanguage",
        name="Snakemake",
        url="https://snakemake.readthedocs.io",
        version=_pinned(contents),
    )
    graph.retype(WORKFLOW, ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"])
    graph.say(
        WORKFLOW,
        name="The workflow",
        url=stated.repository,
        version=sorted({_version(job) for job in contents.jobs} - {""}),
        conformsTo=ref(BIOSCHEMAS),
        programmingLanguage=language,
        hasPart=tools,
        step=steps,
        input=_parameter(graph, "configuration", contents.configuration),
        output=[
            _parameter(graph, "figures", _below(contents, f"{contents.results}/", ".png", ".svg")),
            _parameter(graph, "claims", _below(contents, f"{contents.results}/claims/", ".json")),
        ],
    )


def engine(graph: Graph, contents: Contents) -> Ref:
    """Snakemake, in the version that the last job names (else the lock file)."""
    ran = [job["place"].get("snakemake") for job in contents.jobs]
    version = next((v for v in reversed(ran) if v is not None), None)
    return _software(graph, "snakemake", version or _pinned(contents))


def script_id(job: Mapping[str, Any]) -> str:
    """The identifier of the script that a job ran."""
    return file_id(job["code"]["script"])


def step_id(rule: str) -> str:
    """The identifier of a rule."""
    return local_id("step", rule)


def _add_tools(graph: Graph, contents: Contents, stated: Stated) -> list[Ref]:
    jobs = sorted(contents.jobs, key=script_id)
    python = graph.add(PYTHON, "ComputerLanguage", name="Python", url=PYTHON)
    tools = {}
    for job in jobs:
        own = [other for other in jobs if other["code"]["script"] == job["code"]["script"]]
        needs = sorted({pair for other in own for pair in other["software"].items()})
        tool = script_id(job)
        tools[tool] = ref(tool)
        graph.retype(tool, ["File", "SoftwareSourceCode"])
        graph.say(
            tool,
            description="Called by " + ", ".join(sorted({other["rule"] for other in own})),
            url=stated.repository,
            version=sorted({other["code"]["digest"] for other in own}),
            programmingLanguage=python,
            softwareRequirements=[_software(graph, *pair) for pair in needs],
        )
    return list(tools.values())


def _add_steps(graph: Graph, contents: Contents, rules: Mapping[str, Rule]) -> list[Ref]:
    order = list(dict.fromkeys(job["rule"] for job in contents.jobs))
    scripts = {
        rule: sorted({script_id(job) for job in contents.jobs if job["rule"] == rule})
        for rule in order
    }
    return [
        graph.add(
            step_id(rule),
            "HowToStep",
            name=rule,
            description=rules[rule].description if rule in rules else None,
            position=str(position),
            workExample=[ref(script) for script in scripts[rule]],
        )
        for position, rule in enumerate(order, start=1)
    ]


def _software(graph: Graph, name: str, version: str | None) -> Ref:
    if name == "python":
        url = f"https://docs.python.org/{version}/"
    else:
        url = f"https://pypi.org/project/{name}/" + (f"{version}/" if version else "")
    return graph.add(url, "SoftwareApplication", name=name, softwareVersion=version, url=url)


def _parameter(graph: Graph, name: str, paths: list[str]) -> Ref | None:
    if not paths:
        return None
    found = graph.add(
        local_id("parameter", name),
        "FormalParameter",
        name=name,
        additionalType="File",
        workExample=[ref(file_id(path)) for path in paths],
    )
    for path in paths:
        graph.append(file_id(path), "exampleOfWork", found)
    return found


def _below(contents: Contents, folder: str, *suffixes: str) -> list[str]:
    found = (path for path in contents.files if path.startswith(folder) and path.endswith(suffixes))
    return [path for path in found if not path.endswith(".prov.json")]


def _version(job: Mapping[str, Any]) -> str:
    git = job["git"]
    return "" if git is None else git["commit"] + ("-dirty" if git["dirty"] else "")


def _pinned(contents: Contents) -> str | None:
    path = contents.root / LOCK
    found = PINNED.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    return None if found is None else found[1]
