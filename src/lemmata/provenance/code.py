"""What code a job runs: a digest over the syntax trees of a script's static import closure.

Snakemake compares a script by its modification time and does not look at the modules that it
imports. Here a script is represented by the syntax trees, without docstrings, of itself and of
every module of this package that it imports, directly or not: a comment, a touch or a checkout
changes nothing, an edit of a library module changes exactly the scripts that import it.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from lemmata.errors import LemmataError
from lemmata.provenance import known_code
from lemmata.provenance.syntax import Facts

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
        "known_code",
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
    own = known_code.facts(script)
    modules, external = _closure(own.imports)
    digests = {name: _module(name).digest for name in sorted(modules)}
    bystanders = {name: digests.pop(name) for name in BYSTANDERS if name in digests}
    whole = whole_digest(own.digest, digests)
    return Code(whole, own.digest, digests, bystanders, _versions(external))


def whole_digest(script: str, modules: Mapping[str, str]) -> str:
    """The digest of a script with its modules, from the digests of each."""
    whole = hashlib.sha256(script.encode())
    for name in sorted(modules):
        whole.update(f"{name}={modules[name]}\n".encode())
    return whole.hexdigest()


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


@functools.cache
def _module(name: str) -> Facts:
    path = module_path(name)
    return known_code.facts(path, name if path.name == "__init__.py" else name.rpartition(".")[0])
