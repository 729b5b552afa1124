"""Checking a crate on a machine that has nothing but the crate.

Three accounts must agree: the files, the records beside them (with the stamps inside figures and
tables), and the metadata. The metadata are built anew from the files and records and compared, so
whatever they say that the records do not is named, were it one time or one verdict. What a forger
rewrote in all three accounts, no check within the crate can find.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.audit import Auditor
from lemmata.lineage.checks import Status
from lemmata.lineage.crate.contents import (
    Contents,
    code_problems,
    in_order,
    is_raw,
    measured,
    record_path,
)
from lemmata.lineage.crate.graph import metadata_of
from lemmata.lineage.crate.package import (
    Entities,
    entities_of,
    escapes,
    listed_files,
    read_metadata,
    survey,
    unpacked,
)
from lemmata.lineage.crate.page import page
from lemmata.lineage.crate.stated import stated_by_metadata
from lemmata.lineage.crate.vocabulary import LAYOUT, METADATA, PREVIEW
from lemmata.lineage.hashes import Hashes
from lemmata.provenance.record import SUFFIX, read_record

MEASURED = ("sha256", "contentSize")  # compared with the files themselves


def check_crate(path: Path) -> list[str]:
    """Everything that is wrong with a crate, one line each, the file first; empty when intact.

    path: a zip file or a folder. The crate is looked over before it is unpacked; no code of it
    runs. Raises LemmataError only where there is no such file.
    """
    if not path.exists():
        raise LemmataError(f"{path}: no such file")
    problems = survey(path)
    if problems:
        return problems
    try:
        with unpacked(path) as root:
            found = list(_check(root.resolve()))
            return [line.replace(f"{root.resolve()}/", "") for line in dict.fromkeys(found)]
    except LemmataError as error:
        return [str(error)]


def _check(root: Path) -> Iterator[str]:
    metadata = read_metadata(root)
    entities = entities_of(metadata)
    layout = entities.get(METADATA, {}).get("version")
    if layout != LAYOUT:
        yield f"{METADATA}: is of layout {layout!r}; this version of lemmata checks {LAYOUT!r}"
        return
    changed = list(_changed(root, listed_files(entities)))
    yield from changed
    try:
        contents = _contents(root, listed_files(entities))
        yield from _audit(contents)
        yield from code_problems(root, contents.jobs)
        yield from _compare(contents, metadata, entities)
    except LemmataError as error:
        yield str(error)
    except Exception as error:  # whatever a stranger's file makes a reader raise is a finding
        yield f"{METADATA}: cannot be held against the files ({type(error).__name__}: {error})"


def _changed(root: Path, listed: Entities) -> Iterator[str]:
    for path, item in measured(root, listed).items():
        if listed[path].get("sha256") != item.sha256:
            yield f"{path}: changed: its sha256 is {item.sha256}, not as {METADATA} says"


def _contents(root: Path, listed: Entities) -> Contents:
    """The contents as the records tell them; raises LemmataError for a record that is not whole."""
    jobs = in_order(_record(root, path) for path in listed if path.endswith(SUFFIX))
    outputs = {item["path"]: item for job in jobs for item in job["outputs"]}
    scales = {path.split("/")[1] for path in outputs if path.startswith("results/")}
    if len(scales) != 1:
        raise LemmataError(f"{METADATA}: holds {len(scales)} scales of results, must be one")
    left_out = {p: item for p, item in outputs.items() if is_raw(p) and p not in listed}
    return Contents(root, scales.pop(), jobs, measured(root, listed), left_out)


def _record(root: Path, path: str) -> dict[str, Any]:
    record = read_record(root / path)
    named = [item["path"] for item in (*record["inputs"], *record["outputs"])]
    for name in (*named, record["code"]["script"]):
        if escapes(name):
            raise LemmataError(f"{path}: names a file outside the crate: {name!r}")
    for name in record["code"]["modules"]:
        if not all(part.isidentifier() for part in name.split(".")):
            raise LemmataError(f"{path}: names a module that can be none: {name!r}")
    if record_path(record) != path:
        raise LemmataError(f"{path}: is the record that belongs at {record_path(record)}")
    return record


def _audit(contents: Contents) -> Iterator[str]:
    """Records, files and stamps, as in any tree; raw files may have been left out."""
    problems, _ = Auditor(Hashes(contents.root, full=True)).everything(contents.root)
    for problem in problems:
        if problem.status != Status.MISSING or problem.path not in contents.left_out:
            yield str(problem)


def _compare(contents: Contents, metadata: dict[str, Any], entities: Entities) -> Iterator[str]:
    """The metadata against those that follow from files and records."""
    stated = stated_by_metadata(entities, {p: contents.identifiers[p] for p in contents.raw})
    due = metadata_of(contents, stated)
    expected = entities_of(due)
    if metadata.get("@context") != due["@context"]:
        yield f"{METADATA}: has another @context"
    for name in sorted({*expected, *entities}):
        if name not in entities:
            yield f"{METADATA}: does not describe {name}, which the records tell of"
        elif name not in expected:
            yield f"{METADATA}: describes {name}, of which no record tells"
        else:
            yield from _differences(name, entities[name], expected[name])
    if (contents.root / PREVIEW).read_bytes() != page(due):
        yield f"{PREVIEW}: does not show what the records tell"


def _differences(name: str, said: dict[str, Any], due: dict[str, Any]) -> Iterator[str]:
    for key in sorted({*said, *due}):
        old, new = said.get(key), due.get(key)
        if key not in MEASURED and (old != new or repr(old) != repr(new)):
            yield f"{METADATA}: {name}: {key}: says {_short(old)}, the records say {_short(new)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
