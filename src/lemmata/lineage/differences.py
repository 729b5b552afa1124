"""What differs between two accounts of a job: two records, or a record and the present plan.

Both are mappings with cfg, code, software and inputs as a record has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ABSENT = "(absent)"
SEEDS = ("seed", "seeds")


@dataclass(frozen=True)
class Difference:
    """One difference: kind is config, seed, code, software, data or hardware.

    name: dotted key, module, package or file; old, new: values (digests for code and data).
    """

    kind: str
    name: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {_short(self.old)} -> {_short(self.new)}"


def title(job: Mapping[str, Any]) -> str:
    """A job by its rule and wildcards."""
    named = ", ".join(f"{name} {value}" for name, value in job["wildcards"].items())
    return f"{job['rule']}{f' ({named})' if named else ''}"


def job_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Differences of a job's own doing: code, configuration, seeds, software. Inputs are apart."""
    return [
        *code_differences(old["code"], new["code"]),
        *config_differences(old["cfg"], new["cfg"]),
        *mapping_differences("software", old["software"], new["software"]),
    ]


def code_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """The script and modules whose digests differ."""
    if old["digest"] == new["digest"]:
        return []
    scripts = (
        {old["script"]: old["script_digest"]},
        {new["script"]: new["script_digest"]},
    )
    return [
        *mapping_differences("code", *scripts),
        *mapping_differences("code", old["modules"], new["modules"]),
    ]


def config_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Dotted keys with other values; kind "seed" for those called seed or seeds."""
    before, after = dict(leaves(old)), dict(leaves(new))
    return [
        Difference("seed" if d.name.rpartition(".")[2] in SEEDS else "config", d.name, d.old, d.new)
        for d in mapping_differences("config", before, after)
    ]


def mapping_differences(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Difference]:
    """Keys with another value in `new`, in the order of `old` and then of `new`."""
    return [
        Difference(kind, name, old.get(name, ABSENT), new.get(name, ABSENT))
        for name in dict.fromkeys([*old, *new])
        if not _same(old.get(name, ABSENT), new.get(name, ABSENT))
    ]


def leaves(value: Mapping[str, Any], lead: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of each leaf of nested mappings; a list is one leaf."""
    for key, child in value.items():
        if isinstance(child, Mapping) and child:
            yield from leaves(child, f"{lead}{key}.")
        else:
            yield f"{lead}{key}", child


def _same(old: Any, new: Any) -> bool:
    # 1 and 1.0 are one to Python and two to a fingerprint.
    return bool(old == new) and repr(old) == repr(new)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    is_digest = len(text) == 64 and set(text) <= set("0123456789abcdef")
    if is_digest:
        return text[:12]
    return text if len(text) <= 200 else f"{text[:197]}..."
