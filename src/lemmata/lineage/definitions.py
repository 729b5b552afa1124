"""Which functions and classes of a module changed between two texts of it."""

from __future__ import annotations

import ast

from lemmata.provenance.syntax import tree_digest

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
BODY = "(module level)"


def changed_definitions(old: str, new: str) -> list[str]:
    """Names of what was changed, added or removed, methods as ``Class.method``, in order.

    Statements outside functions and classes go by the name they assign, else as `BODY`.
    """
    before, after = _digests(old), _digests(new)
    names = dict.fromkeys([*after, *before])
    return [name for name in names if before.get(name) != after.get(name)]


def _digests(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    _collect(ast.parse(text).body, "", found)
    return found


def _collect(body: list[ast.stmt], lead: str, found: dict[str, str]) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            # A class is its methods, and a head: bases, decorators and what is not a function.
            methods = [child for child in node.body if isinstance(child, DEFINITIONS)]
            head = ast.ClassDef(
                name=node.name,
                bases=node.bases,
                keywords=node.keywords,
                decorator_list=node.decorator_list,
                body=[child for child in node.body if child not in methods],
            )
            found[lead + node.name] = tree_digest(head)
            _collect(list(methods), f"{lead}{node.name}.", found)
        elif isinstance(node, DEFINITIONS):
            found[lead + node.name] = tree_digest(node)
        else:
            name = _assigned(node) or BODY
            found[name] = found.get(name, "") + tree_digest(node)


def _assigned(node: ast.stmt) -> str | None:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return names[0] if names else None
