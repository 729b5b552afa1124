"""A verified lineage, as an indented tree for people and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lemmata.lineage.audit import Node
from lemmata.lineage.differences import leaves

WIDTH = 96


def render(node: Node) -> str:
    """One file a line with its status, then its job; problems are marked with ``!``.

    Software and hardware are told where they differ from those of the job that reads the file.
    """
    return "\n".join(_lines(node, "", "", {}))


def _lines(node: Node, lead: str, below: str, around: Mapping[str, str]) -> Iterator[str]:
    yield f"{lead}{node.status.upper():8} {node.path}  sha256 {node.sha256[:12]}"
    for problem in node.problems:
        yield f"{below}         ! {problem}"
    inner = around
    if node.record is not None:
        if node.repeated:
            yield f"{below}         by {node.record['rule']}, told above"
        else:
            facts, inner = _job(node.record, around)
            yield from (f"{below}         {line}" for line in facts)
    for i, child in enumerate(node.children):
        last = i == len(node.children) - 1
        fork, rail = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _lines(child, below + fork, below + rail, inner)


def _job(record: Mapping[str, Any], around: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    code = record["code"]
    surroundings = {"software": _pairs(record["software"]), "hardware": hardware_line(record)}
    facts = [
        f"by {record['rule']}: {code['script']}, code {code['digest'][:12]}, {git_line(record)}",
        f"on {record['started'][:19]}Z, {record['wall_s']:.1f} s, {host_line(record)}",
        *(f"{key} {text}" for key, text in surroundings.items() if around.get(key) != text),
        f"cfg {_clip(_pairs(dict(leaves(record['cfg']))))}",
        f"seeds {_pairs(record['seeds'])}",
    ]
    if record["failed_attempts"]:
        facts.append(f"failed before: {len(record['failed_attempts'])} times")
    return facts, surroundings


def git_line(record: Mapping[str, Any]) -> str:
    """Commit of a job's code, and whether the tree was dirty."""
    git = record["git"]
    if git is None:
        return "no git"
    return f"git {git['commit'][:10]}{' (dirty tree)' if git['dirty'] else ''}"


def host_line(record: Mapping[str, Any]) -> str:
    """Host of a job, and under SLURM its number there, its partition and its node."""
    place = record["place"]
    slurm = place.get("slurm", {})
    if "job_id" not in slurm:
        return f"host {place['host']}"
    named = [f"{key} {slurm[key]}" for key in ("partition", "node") if key in slurm]
    return ", ".join([f"host {place['host']}", f"SLURM job {slurm['job_id']}", *named])


def hardware_line(record: Mapping[str, Any]) -> str:
    """Processor, GPU and threads of a job."""
    hardware = record["hardware"]
    gpu = "" if hardware["gpu"] is None else f", {hardware['gpu']['name']}"
    noun = "thread" if record["threads"] == 1 else "threads"
    return f"{hardware['cpu']} ({hardware['machine']}){gpu}, {record['threads']} {noun}"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items()) or "none"


def _clip(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def as_json(node: Node) -> dict[str, Any]:
    """The whole tree with its records, for programs."""
    return {
        "path": node.path,
        "sha256": node.sha256,
        "status": str(node.status),
        "problems": [
            {"status": str(p.status), "path": p.path, "text": p.text} for p in node.problems
        ],
        "repeated": node.repeated,
        "record": None if node.repeated else node.record,
        "inputs": [as_json(child) for child in node.children],
    }
