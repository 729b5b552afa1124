"""Names of the world outside: profiles, media types, licences, and how this project's things are
named in a crate.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

METADATA: Final = "ro-crate-metadata.json"
PREVIEW: Final = "ro-crate-preview.html"
ROOT: Final = "./"
# The way of describing a tree: one up with every change of what a tree's metadata are, because who
# checks a crate makes them anew and compares.
LAYOUT: Final = "2"

TERMS: Final = "https://w3id.org/ro/terms/workflow-run/context"
WORKFLOW_CRATE: Final = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES: Final = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    WORKFLOW_CRATE: "Workflow RO-Crate",
}
BIOSCHEMAS: Final = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"

COMPLETED: Final = "http://schema.org/CompletedActionStatus"
FAILED: Final = "http://schema.org/FailedActionStatus"
# Recorded usage: its unit as the profile wants it, by URL.
UNITS: Final = {
    "wall_s": "https://qudt.org/vocab/unit/SEC",
    "cpu_s": "https://qudt.org/vocab/unit/SEC",
    "peak_memory_mib": "https://qudt.org/vocab/unit/MebiBYTE",
    "gpu_peak_memory_mib": "https://qudt.org/vocab/unit/MebiBYTE",
}

# What the registry of data sets says, and SPDX's name for it: licences that let anyone pass the
# file on. Others ("none stated", by permission) are not for us to give.
FREE: Final[dict[str, str]] = {"CC BY 4.0": "CC-BY-4.0", "CC0": "CC0-1.0", "MIT": "MIT"}
PUBLIC_DOMAIN: Final = "public domain"
SPDX: Final = "https://spdx.org/licenses/"

# Not the system's own table of types: two machines must write the same crate.
MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".py": "text/x-python",
    ".rst": "text/x-rst",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}
PLAIN: Final = {".def", ".smk", ".txt", ""}

Ref = dict[str, str]


def media_type(path: str) -> str:
    """The media type of a file by its suffix."""
    suffix = PurePosixPath(path).suffix
    return MEDIA_TYPES.get(suffix, "text/plain" if suffix in PLAIN else "application/octet-stream")


def ref(identifier: str) -> Ref:
    """A reference to an entity."""
    return {"@id": identifier}


def one(values: Iterable[Any]) -> Any:
    """A list, or its only member: the compact form of JSON-LD."""
    found = list(values)
    return found[0] if len(found) == 1 else found


def file_id(path: str) -> str:
    """The identifier of a file that lies in the crate."""
    return quote(path)


def local_id(kind: str, *names: str) -> str:
    """The identifier of something that is no file: a job, a claim, a parameter."""
    return f"#{kind}/" + "/".join(quote(name) for name in names)


def instant(text: str) -> str:
    """A record's time to the millisecond, as the profile wants it."""
    return datetime.fromisoformat(text).isoformat(timespec="milliseconds")
