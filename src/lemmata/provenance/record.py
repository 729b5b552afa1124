"""The record of a job: what it read, what it ran, what it wrote. One JSON file beside the outputs.

A record protects itself: its text is the canonical form of its content (so any changed byte shows)
and holds the digest of the rest. It names each input with its sha256 and the fingerprint of the job
that wrote it, so records chain from a figure back to the raw data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lemmata.errors import LemmataError
from lemmata.provenance.digest import sha256_file, sha256_json
from lemmata.provenance.files import write_atomic

SCHEMA = 2
SUFFIX = ".prov.json"
RECORD = "record"  # what rules call the output that holds it


@dataclass(frozen=True)
class FileEntry:
    """A file as a job saw it; fingerprint: the job that wrote it, None without a record."""

    path: str
    bytes: int
    sha256: str
    fingerprint: str | None = None


def fingerprint(
    rule: str,
    cfg: Mapping[str, Any],
    code: str,
    software: Mapping[str, str],
    input_digests: Iterable[str],
) -> str:
    """Identity of a computation: equal fingerprints mean equal outputs on equal hardware.

    input_digests: sha256 of each input in the rule's order; paths are left out on purpose.
    """
    return sha256_json(
        {
            "rule": rule,
            "cfg": cfg,
            "code": code,
            "software": software,
            "inputs": list(input_digests),
        }
    )


def entry(path: Path, writer: str | None = None) -> FileEntry:
    """Measure a file; raises LemmataError when it cannot be read."""
    return FileEntry(str(path), path.stat().st_size, sha256_file(path), writer)


def layout(files: Any) -> dict[str, str | list[str]]:
    """The rule's own names of its inputs or outputs, each with its path or paths."""
    return {
        name: value if isinstance(value, str) else [str(path) for path in value]
        for name, value in files.items()
    }


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Write a record with its digest, in one step."""
    body = {"schema": SCHEMA, **content}
    write_atomic(path, _text({**body, "digest": sha256_json(body)}))


def read_record(path: Path) -> dict[str, Any]:
    """Read and verify a record; raises LemmataError when it is missing or was changed."""
    try:
        text = path.read_bytes()
        record: dict[str, Any] = json.loads(text)
        body = {key: value for key, value in record.items() if key != "digest"}
        whole = record["digest"] == sha256_json(body) and text == _text(record)
    except OSError as error:
        raise LemmataError(f"{path}: record cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise LemmataError(f"{path}: record is damaged ({type(error).__name__})") from error
    if not whole:
        raise LemmataError(f"{path}: record was changed after it was written")
    if record["schema"] != SCHEMA:
        found = record["schema"]
        raise LemmataError(f"{path}: record has schema {found}; this version reads {SCHEMA}")
    return record


def fingerprint_of(record: Mapping[str, Any]) -> str:
    """The fingerprint that a record's own content implies (compare it with the one it states)."""
    return fingerprint(
        record["rule"],
        record["cfg"],
        record["code"]["digest"],
        record["software"],
        [item["sha256"] for item in record["inputs"]],
    )


def entries(items: Iterable[FileEntry]) -> list[dict[str, Any]]:
    """File entries as plain values for a record."""
    return [asdict(item) for item in items]


def _text(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def record_beside(path: Path) -> Path | None:
    """The record in the file's own folder that lists the file's name among its outputs, if any.

    The one of the file's own name where that does, else the first by name. Damaged neighbours are
    passed over here: only the record that is asked for must be whole.
    """
    likely = path.with_suffix(SUFFIX)  # so that most files need no look at all the others' records
    if _lists(likely, path.name):
        return likely
    others = sorted(path.parent.glob(f"*{SUFFIX}"))
    return next((record for record in others if _lists(record, path.name)), None)


def _lists(record: Path, name: str) -> bool:
    """Whether a record lists an output of this name."""
    ending = json.dumps(name, ensure_ascii=False)[1:].encode(errors="surrogatepass")
    try:
        text = record.read_bytes()
        if ending not in text:  # seen without parsing, which takes ten times as long
            return False
        return name in [Path(item["path"]).name for item in json.loads(text)["outputs"]]
    except OSError:
        return False
    except (ValueError, KeyError, TypeError):
        # Its text may be what was tampered with: that it has the name still tells whose it is.
        return b"/" + ending in text
