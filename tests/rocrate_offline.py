"""roc-validator without a network: the two JSON-LD contexts of a crate come from here.

RO-Crate 1.1: the `rocrate` package ships the context of 1.3; the terms that a crate of ours uses
mean the same in both, but for the four of Bioschemas, which 1.1 names otherwise. The terms of
Workflow Run RO-Crate are written out: name by name they follow one pattern.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rocrate import vocabs
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

BIOSCHEMAS = "https://bioschemas.org/"
RUN = "https://w3id.org/ro/terms/workflow-run#"
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": {
        **vocabs.RO_CRATE["@context"],
        "ComputationalWorkflow": f"{BIOSCHEMAS}ComputationalWorkflow",
        "FormalParameter": f"{BIOSCHEMAS}FormalParameter",
        "input": f"{BIOSCHEMAS}ComputationalWorkflow#input",
        "output": f"{BIOSCHEMAS}ComputationalWorkflow#output",
    },
    "https://w3id.org/ro/terms/workflow-run/context": {
        name: RUN + name for name in ("environment", "resourceUsage", "sha256")
    },
}


def validate(crate: Path, severity: str, cache: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """What roc-validator finds wrong with a crate at a severity or above, one line each.

    Any attempt to reach a network fails.
    """

    def get(_self: HttpRequester, url: str, **_: Any) -> SimpleNamespace:
        document = {"@context": CONTEXTS[url]}
        return SimpleNamespace(
            status_code=200,
            headers={"Content-Type": "application/ld+json"},
            json=lambda: document,
            text=json.dumps(document),
        )

    def refuse(*_: Any) -> None:
        raise AssertionError("the validator reached for the network")

    patch.setattr(HttpRequester, "get", get, raising=False)
    patch.setattr(socket.socket, "connect", refuse)
    result = services.validate(
        services.ValidationSettings(
            rocrate_uri=str(crate),
            profile_identifier="provenance-run-crate-0.5",
            requirement_severity=models.Severity[severity],
            offline=True,
            cache_path=cache,
        )
    )
    issues = result.get_issues(models.Severity[severity])
    assert result.passed(models.Severity[severity]) == (not issues)
    return [f"{issue.check.identifier}: {issue.message}" for issue in issues]
