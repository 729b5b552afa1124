"""What the rules say of themselves: one line about each, and the captions of their figures.

Read from the text of the rules, without the engine: a crate may come from a stranger, and nothing
of it may run. A caption is a Jinja template; one that does more than choose and insert is passed
over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

RULES = "workflow/rules"
RULE = re.compile(r"^(?:rule|checkpoint) +(\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
SAID = re.compile(r'\A\s+"([^"\n]+)"\n')
CAPTION = re.compile(r'caption="([^"\n]+)"')
DIRECTIVE = re.compile(r"^\.\. .*", re.MULTILINE | re.DOTALL)
# Whatever could loop, call or grow has no place in a caption.
PLAIN_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Dict,
    nodes.Pair,
    nodes.Assign,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
)


@dataclass(frozen=True)
class Rule:
    """A rule's own words. description: the line under its name; caption: a template's text."""

    description: str | None
    caption: str | None


def rules_of(root: Path) -> dict[str, Rule]:
    """Every rule of the tree at `root` by name."""
    rules: dict[str, Rule] = {}
    for path in sorted((root / RULES).glob("*.smk")):
        for name, body in RULE.findall(path.read_text(encoding="utf-8")):
            said, caption = SAID.match(body), CAPTION.search(body)
            text = None if caption is None else _text(path.parent / caption[1], root)
            rules[name] = Rule(None if said is None else said[1], text)
    return rules


def _text(path: Path, root: Path) -> str | None:
    inside = path.resolve().is_relative_to(root.resolve())
    return path.read_text(encoding="utf-8") if inside and path.is_file() else None


def caption(template: str, record: Mapping[str, Any]) -> str | None:
    """A caption as the report shows it, without directives; None where it is no plain template."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    try:
        tree = environment.parse(DIRECTIVE.sub("", template))
        if not all(isinstance(node, PLAIN_NODES) for node in [tree, *tree.find_all(nodes.Node)]):
            return None
        said = SimpleNamespace(
            wildcards=record["wildcards"], output=record["layout"]["output"], rule=record["rule"]
        )
        text = environment.from_string(tree).render(snakemake=said)
    except (TemplateError, RecursionError, ValueError):
        return None
    return " ".join(text.split())
