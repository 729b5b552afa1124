"""What a source file says to a code digest: its syntax tree's digest and what it imports."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lemmata.errors import LemmataError

# Fields that change no behaviour: string prefix, type comments, load/store (implied by position).
IGNORED_FIELDS = {"kind", "type_comment", "ctx", "type_ignores"}


class Facts(NamedTuple):
    """What is kept of a source file; its tree would take a megabyte.

    imports: dotted names, ``from a import b`` giving both ``a`` and ``a.b``; digest: of the tree.
    """

    imports: frozenset[str]
    digest: str


def facts_of(path: Path, content: bytes, package: str = "") -> Facts:
    """The facts of a file with this content; LemmataError where it is not valid Python.

    package: where relative imports begin.
    """
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        raise LemmataError(
            f"{path}: line {error.lineno}: not valid Python ({error.msg})"
        ) from error
    return Facts(frozenset(_imports(tree, package)), tree_digest(tree))


def tree_digest(tree: ast.AST) -> str:
    """sha256 of a syntax tree: node types and non-empty fields, without docstrings and positions.

    Our own serialisation, because the text of `ast.dump` differs between Python versions.
    """
    tokens: list[str] = []
    _tell(tree, tokens)
    text = "\0".join([*tokens, ""])
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _tell(value: object, tokens: list[str]) -> None:
    """Append the tokens of a node, a list or a plain value: one list, as every job does this."""
    if isinstance(value, ast.AST):
        tokens.append(f"({type(value).__name__}")
        for field in value._fields:
            child = getattr(value, field, None)
            if field == "body" and isinstance(child, list):
                child = _without_docstring(value, child)
            is_value = isinstance(value, ast.Constant) and field == "value"  # None is one
            if not is_value and (child is None or child == [] or field in IGNORED_FIELDS):
                continue
            tokens.append(f".{field}")
            _tell(child, tokens)
        tokens.append(")")
    elif isinstance(value, list):
        tokens.append("[")
        for item in value:
            _tell(item, tokens)
        tokens.append("]")
    else:
        tokens.append(f"{type(value).__name__}:{value!r}")


def _without_docstring(node: ast.AST, body: list[ast.stmt]) -> list[ast.stmt]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if not isinstance(node, documented) or not body:
        return body
    first = body[0]
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return body[1:] if is_docstring else body


def _imports(tree: ast.Module, package: str = "") -> set[str]:
    """Dotted names that a file imports; ``from a import b`` gives both ``a`` and ``a.b``.

    package: where a relative import begins. What only type checkers read is left out.
    """
    names: set[str] = set()
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            names.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
    return names


def _executed(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node but those below ``if TYPE_CHECKING:``."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting.extend(node.orelse)
        elif not isinstance(node, ast.expr):  # no expression holds an import
            waiting.extend(ast.iter_child_nodes(node))
