"""Crates of a small tree: how they are written, read, and spoilt."""

from __future__ import annotations

import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from lemmata.lineage.crate.write import write_crate
from lemmata.provenance.digest import sha256_json
from tests.smalltree import RESULTS

METADATA = "ro-crate-metadata.json"
STUDY = f"{RESULTS}/study/study.prov.json"

Entities = dict[str, dict[str, Any]]
Files = dict[str, bytes]


def identify(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    """Let git know these settings and no others."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)


def write(tree: Path, target: Path, **options: Any) -> Path:
    return write_crate(tree / RESULTS, target, tree, **options)


def entities(crate: Path) -> Entities:
    with zipfile.ZipFile(crate) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    return {entity["@id"]: entity for entity in graph}


def ids(value: Any) -> set[str]:
    return {item["@id"] for item in (value if isinstance(value, list) else [value])}


def action_of(said: Entities, record: str) -> dict[str, Any]:
    return said[f"#job/{record}"]


def files_of(crate: Path) -> Files:
    with zipfile.ZipFile(crate) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(files: Files, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def edit(files: Files, identifier: str, **said: Any) -> None:
    """Say something else of an entity of the metadata; None: say nothing."""
    metadata = json.loads(files[METADATA])
    entity = next(e for e in metadata["@graph"] if e["@id"] == identifier)
    entity.update(said)
    files[METADATA] = json.dumps(metadata).encode()


def replace(files: Files, name: str, content: bytes) -> None:
    """Another file, and metadata that agree with it."""
    files[name] = content
    edit(files, name, sha256=sha256(content).hexdigest(), contentSize=str(len(content)))


def rerecord(files: Files, name: str, **said: Any) -> None:
    """Another record that protects itself as a true one does, and metadata that agree with it."""
    body = {k: v for k, v in json.loads(files[name]).items() if k != "digest"} | said
    record = {**body, "digest": sha256_json(body)}
    text = json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    replace(files, name, text.encode())


def escape(files: Files) -> None:
    files["../outside.txt"] = b"gotcha"
