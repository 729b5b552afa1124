"""Groups that the configuration defines, checked. Loaded while the DAG is built: no numerics.

config/groups.yaml maps data set -> group -> conditions on features, all of which must hold; a list
of such conditions holds where any of them does::

    randhie_high_use:
      physical_limitation: {physlm: {above: 0}}
      fair_or_poor_health: [{hlthf: {equals: 1}}, {hlthp: {equals: 1}}]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lemmata.config import check, read_yaml


def load_groups(path: Path, schema: Path | None = None) -> dict[str, dict[str, Any]]:
    """Read and check a file of group definitions; schema: schema/groups.schema.yaml beside it.

    Raises LemmataError, one line naming file, data set, group and key, for what is not allowed.
    """
    content = read_yaml(path)
    rules = read_yaml(schema or path.parent / "schema" / "groups.schema.yaml")
    check(content, rules, str(path))
    return {name: dict(groups) for name, groups in content.items()}


def alternatives(definition: Any) -> list[Mapping[str, Mapping[str, Any]]]:
    """The conditions of a group as a list of alternatives, each {feature: {operator: value}}."""
    return [definition] if isinstance(definition, Mapping) else list(definition)
