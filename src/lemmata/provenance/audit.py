"""Verifying one file: from a figure through every job of its lineage down to the raw data.

Four things must agree at each step: the stamp inside the file, the record of the job that wrote it,
the bytes on disk, and the sha256 that the next job noted when it read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.embed import read_stamp
from lemmata.provenance.record import SUFFIX, fingerprint_of, read_record, record_beside


@dataclass
class Node:
    """A file of the lineage with the job that wrote it (record is None for a file without one)."""

    path: str
    sha256: str
    record: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    repeated: bool = False  # shown in full elsewhere in the tree

    def walk(self) -> Iterator[Node]:
        """This node and all below it, each job's inputs before the job (raw data first)."""
        for child in self.children:
            yield from child.walk()
        yield self


def audit(path: Path, records: Path = Path()) -> Node:
    """Verify `path` and its lineage; problems stand in the nodes.

    records: the folder searched for the record when none lies beside the file (a lone copy).
    Raises LemmataError when the file is missing or no record for it can be found.
    """
    if not path.is_file():
        raise LemmataError(f"{path}: no such file")
    digest = sha256_file(path)
    record_path = record_beside(path)
    if record_path is None:
        try:
            stamp = read_stamp(path)
        except LemmataError as error:
            return Node(str(path), digest, None, [str(error)])
        record_path = _record_of_copy(path, stamp, records)
    record, problem = _read(record_path)
    if record is None:
        return Node(str(path), digest, None, [problem])
    root = _root(record_path, record)
    claimed = _claimed(path, record)
    node = Node(str(path), digest, record)
    if digest not in claimed.values():
        node.problems.append(f"content differs from its record {record_path}")
    node.problems += _stamp_problems(path, record)
    seen: dict[Path, Node] = {}
    _check_job(node, record_path, record, root, seen)
    return node


def first_problem(node: Node) -> tuple[str, str] | None:
    """(file, problem) of the first broken link, counted from the raw data; None when intact."""
    return next(((n.path, problem) for n in node.walk() for problem in n.problems), None)


def render(node: Node) -> str:
    """The lineage as an indented tree, one line a file, problems marked."""
    return "\n".join(_lines(node, "", ""))


def _lines(node: Node, lead: str, below: str) -> Iterator[str]:
    mark = "BROKEN" if node.problems else "ok"
    job = f"  <- {node.record['rule']}" if node.record else ""
    again = "  (above)" if node.repeated else ""
    yield f"{lead}{mark:6} {node.path}  {node.sha256[:12]}{job}{again}"
    for problem in node.problems:
        yield f"{below}       ! {problem}"
    if node.record and not node.repeated:
        yield f"{below}       {_summary(node.record)}"
    for i, child in enumerate(node.children):
        last = i == len(node.children) - 1
        yield from _lines(
            child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")
        )


def _summary(record: dict[str, Any]) -> str:
    git = record["git"]
    commit = "no git" if git is None else git["commit"][:10] + ("+dirty" if git["dirty"] else "")
    software = ", ".join(f"{name} {version}" for name, version in record["software"].items())
    return (
        f"{record['code']['script']}  code {record['code']['digest'][:12]}  git {commit}  "
        f"{record['ended'][:19]}Z  {record['wall_s']} s  {software}"
    )


def _record_of_copy(path: Path, stamp: dict[str, Any] | None, records: Path) -> Path:
    """The record that a lone file's stamp names, searched below `records`."""
    if stamp is None:
        raise LemmataError(f"{path}: has no record beside it and no provenance stamp inside")
    for candidate in sorted(records.glob(f"**/*{SUFFIX}")):
        if stamp["fingerprint"].encode() in candidate.read_bytes():
            record, _ = _read(candidate)
            if record is not None and record["fingerprint"] == stamp["fingerprint"]:
                return candidate
    raise LemmataError(f"{path}: no record of job {stamp['fingerprint'][:12]} under {records}")


def _read(path: Path) -> tuple[dict[str, Any] | None, str]:
    try:
        return read_record(path), ""
    except LemmataError as error:
        return None, str(error)


def _root(record_path: Path, record: dict[str, Any]) -> Path:
    """The folder that the record's relative paths start from, wherever the tree was moved."""
    folder = Path(record["outputs"][0]["path"]).parent
    root = record_path.resolve().parent
    for _ in folder.parts:
        root = root.parent
    return root


def _claimed(path: Path, record: dict[str, Any]) -> dict[str, str]:
    """sha256 by path of the outputs that `path` can be: those of its name, for a copy all."""
    digests = {item["path"]: item["sha256"] for item in record["outputs"]}
    named = {p: digest for p, digest in digests.items() if Path(p).name == path.name}
    return named or digests


def _stamp_problems(path: Path, record: dict[str, Any]) -> list[str]:
    try:
        stamp = read_stamp(path)
    except LemmataError as error:
        return [str(error)]
    if stamp is not None and stamp.get("fingerprint") != record["fingerprint"]:
        return ["the stamp inside the file and its record name different jobs"]
    return []


def _check_job(
    node: Node, record_path: Path, record: dict[str, Any], root: Path, seen: dict[Path, Node]
) -> None:
    """Verify the job behind `node`: its record, its other outputs, its inputs and their jobs."""
    if record_path.resolve() in seen:
        node.repeated = True
        return
    seen[record_path.resolve()] = node
    if fingerprint_of(record) != record["fingerprint"]:
        node.problems.append(f"{record_path}: fingerprint does not follow from the record")
    for item in record["outputs"]:
        problem = _file_problem(root / item["path"], item["sha256"])
        if problem:
            node.problems.append(f"{item['path']}: {problem}")
    for item in record["inputs"]:
        node.children.append(_input_node(item, root, seen))


def _input_node(item: dict[str, Any], root: Path, seen: dict[Path, Node]) -> Node:
    path = root / item["path"]
    node = Node(item["path"], item["sha256"])
    problem = _file_problem(path, item["sha256"])
    if problem:
        node.problems.append(problem)
    if item["fingerprint"] is None:
        return node
    record_path = record_beside(path)
    if record_path is None:
        node.problems.append(f"record of job {item['fingerprint'][:12]} is missing")
        return node
    node.record, problem = _read(record_path)
    if node.record is None:
        node.problems.append(problem)
        return node
    written = {out["path"]: out["sha256"] for out in node.record["outputs"]}
    if written.get(item["path"]) != item["sha256"]:
        node.problems.append(f"was read in another state than {record_path.name} says was written")
    _check_job(node, record_path, node.record, root, seen)
    return node


def _file_problem(path: Path, expected: str) -> str | None:
    if not path.is_file():
        return "missing"
    return None if sha256_file(path) == expected else "content differs from its record"
