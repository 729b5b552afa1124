"""A crate as it came: looked over before anything of it is written to disk or believed.

A crate may come from a stranger. Nothing is unpacked that the metadata do not list, that would land
outside the folder, that is a link, that would grow beyond its stated size, or that could be a
pickle; and nothing at all while one such thing is in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

from lemmata.errors import LemmataError
from lemmata.lineage.crate.contents import PICKLES
from lemmata.lineage.crate.vocabulary import METADATA, PREVIEW

Entities = dict[str, dict[str, Any]]
OWN: Final = {METADATA: 256 * 2**20, PREVIEW: 16 * 2**20}  # what lists no size: largest bytes
ELSEWHERE: Final = re.compile(r"#|[A-Za-z][A-Za-z0-9+.-]*:")
BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder with the crate's files: the crate itself, or a temporary one for a zip file.

    Raises LemmataError, before anything is unpacked, for whatever `survey` finds.
    """
    problems = survey(path)
    if problems:
        raise LemmataError(f"{path}: {problems[0]} (of {len(problems)} problems)")
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="crate-") as folder:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    _extract(archive, member, Path(folder) / member.filename)
        yield Path(folder)


def survey(path: Path) -> list[str]:
    """What is wrong with the package as such: its metadata's form, names, links, sizes, listing."""
    try:
        members = _in_folder(path) if path.is_dir() else _in_zip(path)
        text = _metadata_text(path)
        listed = listed_files(entities_of(parse(text)))
    except LemmataError as error:
        return [str(error)]
    return [*_dangers(members), *_sizes(members, listed), *_listing(members, listed)]


def read_metadata(root: Path) -> dict[str, Any]:
    """The metadata of an unpacked crate; raises LemmataError where they are none."""
    return parse(_metadata_text(root))


def parse(text: bytes) -> dict[str, Any]:
    """Metadata from their text; raises LemmataError for what is no JSON object."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LemmataError(f"{METADATA}: is no JSON ({error})") from error
    if not isinstance(content, dict):
        raise LemmataError(f"{METADATA}: is no JSON object")
    return content


def entities_of(metadata: Mapping[str, Any]) -> Entities:
    """Entities by identifier; raises LemmataError for a graph that is none."""
    graph = metadata.get("@graph")
    if not isinstance(graph, list) or not all(isinstance(entity, dict) for entity in graph):
        raise LemmataError(f"{METADATA}: holds no @graph of entities")
    names = [entity.get("@id") for entity in graph]
    for name, count in Counter(map(str, names)).items():
        if count > 1:
            raise LemmataError(f"{METADATA}: {name}: is described {count} times")
    if not all(isinstance(name, str) for name in names):
        raise LemmataError(f"{METADATA}: an entity has no @id")
    return dict(zip(names, graph, strict=True))


def listed_files(entities: Entities) -> Entities:
    """The entities of files that lie in the crate, by path."""
    found = {}
    for name, entity in entities.items():
        kinds = entity.get("@type")
        is_file = "File" in (kinds if isinstance(kinds, list) else [kinds])
        if is_file and not ELSEWHERE.match(name):
            found[unquote(name)] = entity
    return found


def _in_zip(path: Path) -> list[tuple[str, int, str]]:
    """Name, size and kind of each member: file, folder, or what else it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [(m.orig_filename, m.file_size, _kind(m)) for m in archive.infolist()]
    except BROKEN as error:
        raise LemmataError(f"{path}: is no zip file ({error})") from error


def _kind(member: zipfile.ZipInfo) -> str:
    mode = stat.S_IFMT(member.external_attr >> 16)
    if mode == stat.S_IFLNK:
        return "link"
    if member.flag_bits & 1:
        return "encrypted file"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special file"
    return "folder" if member.is_dir() else "file"


def _in_folder(path: Path) -> list[tuple[str, int, str]]:
    found = []
    for here, below, names in os.walk(path):
        for name in sorted([*below, *names]):
            place = Path(here) / name
            status = place.lstat()
            kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
            kind = kinds.get(stat.S_IFMT(status.st_mode), "special file")
            found.append((place.relative_to(path).as_posix(), status.st_size, kind))
    return found


def _dangers(members: list[tuple[str, int, str]]) -> Iterator[str]:
    for name, count in Counter(name for name, _, _ in members).items():
        if count > 1:
            yield f"{name}: is in the package {count} times"
    for name, _, kind in members:
        if escapes(name):
            yield f"{name!r}: would be written outside the crate's folder"
        if kind not in ("file", "folder"):
            yield f"{name}: is a {kind}"
        if name.endswith(PICKLES):
            yield f"{name}: looks like a pickle, which may run anything"


def escapes(name: str) -> bool:
    """Whether a path could lead out of the folder that it is meant to lie in."""
    parts = name.removesuffix("/").split("/")
    odd = "\\" in name or "\0" in name or re.match(r"[A-Za-z]:", name) is not None
    return odd or any(part in ("", ".", "..") for part in parts)


def _sizes(members: list[tuple[str, int, str]], listed: Entities) -> Iterator[str]:
    for name, size, kind in members:
        if kind == "file" and name in {**listed, **OWN}:
            stated = str(listed[name].get("contentSize")) if name in listed else None
            if stated is None and size > OWN[name]:
                yield f"{name}: unpacks to {size} bytes, more than {OWN[name]}"
            elif stated is not None and stated != str(size):
                yield f"{name}: unpacks to {size} bytes, its contentSize is {stated}"
    total = sum(size for _, size, _ in members)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if total > free:
        yield f"unpacks to {total} bytes, more than are free ({free})"


def _listing(members: list[tuple[str, int, str]], listed: Entities) -> Iterator[str]:
    there = {name for name, _, kind in members if kind != "folder"}
    due = listed.keys() | OWN.keys()
    yield from (f"{name}: is due but not there" for name in sorted(due - there))
    yield from (f"{name}: is there but not listed" for name in sorted(there - due))


def _metadata_text(path: Path) -> bytes:
    limit = OWN[METADATA]
    try:
        if path.is_dir():
            with (path / METADATA).open("rb") as stream:
                text = stream.read(limit + 1)
        else:
            with zipfile.ZipFile(path) as archive, archive.open(METADATA) as member:
                text = member.read(limit + 1)
    except (*BROKEN, KeyError) as error:
        raise LemmataError(f"{METADATA}: cannot be read ({error})") from error
    if len(text) > limit:
        raise LemmataError(f"{METADATA}: is larger than {limit} bytes")
    return text


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write one member; no more than its stated size is ever read."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, target.open("xb") as sink:
            shutil.copyfileobj(source, sink)
    except BROKEN as error:
        name = PurePosixPath(member.filename)
        raise LemmataError(f"{name}: is damaged ({error})") from error
