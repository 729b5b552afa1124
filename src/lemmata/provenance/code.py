"""What code a job runs: a digest over the syntax trees of a script's static import closure.

Snakemake compares a script by its modification time and does not look at the modules that it
imports. Here a script is represented by the syntax trees, without docstrings, of itself and of
every module of this package that it imports, directly or not: a comment, a touch or a checkout
changes nothing, an edit of a library module changes exactly the scripts that import it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from lemmata.errors import LemmataError

PACKAGE = "lemmata"
# Import names whose distribution is called otherwise.
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "PIL": "pillow",
    "markdown_it": "markdown-it-py",
}
# Peers that a user may install to compare with: known by version where they are there.
OPTIONAL = frozenset({"mcgrad"})
# Rooms whose libraries keep records and settings; they take no part in any result.
BOOKKEEPING = ("lemmata.provenance", "lemmata.config")
# Modules of jobs whose edits cannot change what a job writes: they are kept out of the digest, so
# that work on them reruns nothing. `job` itself (seeds, threads, stamps) is in.
BYSTANDERS = tuple(
    f"lemmata.provenance.{name}"
    for name in (
        "attempts",
        "disk",
        "entries",
        "environment",
        "holder",
        "lease",
        "objects",
        "reads",
        "session",
        "slurm",
        "sources",
        "store",
        "upkeep",
    )
)
# Fields that change no behaviour: string prefix, type comments, load/store (implied by position).
IGNORED_FIELDS = {"kind", "type_comment", "ctx", "type_ignores"}


@dataclass(frozen=True)
class Code:
    """Identity of a script's code.

    digest: sha256 over the script and its modules; script: the script's own digest; modules: digest
    by module name; bystanders: likewise of those `BYSTANDERS` that it imports, which are no part of
    the whole; software: version by distribution of every third-party package that it imports.
    """

    digest: str
    script: str
    modules: dict[str, str]
    bystanders: dict[str, str]
    software: dict[str, str]


def code_of(script: Path) -> Code:
    """Digest of `script` with its import closure; LemmataError when a file cannot be parsed."""
    tree = _parse(script)
    modules, external = _closure(_imports(tree))
    digests = {name: _module(name).digest for name in sorted(modules)}
    bystanders = {name: digests.pop(name) for name in BYSTANDERS if name in digests}
    own = tree_digest(tree)
    return Code(whole_digest(own, digests), own, digests, bystanders, _versions(external))


def whole_digest(script: str, modules: Mapping[str, str]) -> str:
    """The digest of a script with its modules, from the digests of each."""
    whole = hashlib.sha256(script.encode())
    for name in sorted(modules):
        whole.update(f"{name}={modules[name]}\n".encode())
    return whole.hexdigest()


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


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except OSError as error:
        raise LemmataError(f"{path}: cannot be read ({error.strerror})") from error
    except SyntaxError as error:
        raise LemmataError(
            f"{path}: line {error.lineno}: not valid Python ({error.msg})"
        ) from error


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


def _closure(names: Iterable[str]) -> tuple[set[str], set[str]]:
    """Modules of this package and top-level external packages reached from `names`."""
    external = {name.split(".")[0] for name in names}
    waiting = [name for name in names if _is_ours(name)]
    modules: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in modules:
            continue
        modules.add(name)
        # Importing a.b.c executes a and a.b first.
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        found = _module(name).imports
        waiting.extend(other for other in found if _is_ours(other))
        if not name.startswith(BOOKKEEPING):
            external |= {other.split(".")[0] for other in found}
    return modules, external - {PACKAGE} - set(sys.stdlib_module_names)


@functools.cache
def _is_ours(name: str) -> bool:
    """Whether a dotted name is a module of this package, rather than something within one."""
    return name.split(".")[0] == PACKAGE and module_path(name).is_file()


def _versions(packages: Iterable[str]) -> dict[str, str]:
    there = (p for p in packages if p not in OPTIONAL or find_spec(p) is not None)
    names = sorted(DISTRIBUTIONS.get(package, package) for package in there)
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **{name: _version(name) for name in names},
    }


@functools.cache
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise LemmataError(f"package {distribution} is imported but not installed") from error


def module_path(name: str) -> Path:
    """The file of a module of this package."""
    path = Path(__file__).parents[1].joinpath(*name.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


class _Module(NamedTuple):
    """What is kept of a module; its tree would take a megabyte."""

    imports: frozenset[str]
    digest: str


@functools.cache
def _module(name: str) -> _Module:
    path = module_path(name)
    tree = _parse(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return _Module(frozenset(_imports(tree, package)), tree_digest(tree))
