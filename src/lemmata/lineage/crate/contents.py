"""What belongs into a crate: the jobs of a scale with all that they descend from, and the code."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from lemmata.errors import LemmataError
from lemmata.lineage.audit import Auditor
from lemmata.lineage.checks import Problem, check_input
from lemmata.lineage.crate.stated import RAW
from lemmata.lineage.crate.vocabulary import file_id, local_id
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.ledger import SKIPPED, Entry, Ledger
from lemmata.provenance.code import whole_digest
from lemmata.provenance.digest import sha256_file
from lemmata.provenance.record import RECORD
from lemmata.provenance.syntax import tree_digest

WORKFLOW = "Snakefile"
LICENSE = "LICENSE"
README = "README.md"
SINGLE = (WORKFLOW, LICENSE, README, "pyproject.toml")
FOLDERS = ("config", "envs", "profiles", "src", "workflow")
# Images of containers weigh gigabytes and are built from the recipe; caches are nobody's source.
UNWANTED = (".pyc", ".sif")
PICKLES = (".ckpt", ".dill", ".joblib", ".pickle", ".pkl", ".pt", ".pth")


@dataclass(frozen=True)
class Item:
    """A file of the crate by its path from the crate's root."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """A tree as a crate shows it.

    jobs: records, the earliest first; files: every file by path; left_out: raw files that the
    records name and that the crate does not hold, as the record of their job states them.
    """

    root: Path
    scale: str
    jobs: tuple[dict[str, Any], ...]
    files: dict[str, Item]
    left_out: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def results(self) -> str:
        """The folder of the scale's results."""
        return f"results/{self.scale}"

    @property
    def raw(self) -> list[str]:
        """The raw files that jobs wrote, held or left out."""
        outputs = (item["path"] for job in self.jobs for item in job["outputs"])
        return sorted(path for path in outputs if is_raw(path))

    @property
    def configuration(self) -> list[str]:
        """The files that configure the workflow."""
        return [
            path for path in self.files if path.startswith("config/") and path.endswith(".yaml")
        ]

    @cached_property
    def identifiers(self) -> dict[str, str]:
        """The identifier of each file: its path, or where it was published if it is left out."""
        return {path: file_id(path) for path in self.files} | {
            item["path"]: _address(item["path"], job["cfg"])
            for job in self.jobs
            for item in job["outputs"]
            if item["path"] in self.left_out
        }


def _address(path: str, cfg: Mapping[str, Any]) -> str:
    """Where the job that fetched a file had it from; several files may share one page."""
    places = (str(cfg.get(key) or "") for key in ("source", "page"))
    found = next((place for place in places if place.startswith("https://")), None)
    return local_id("raw", path) if found is None else f"{found}#{file_id(path)}"


def is_raw(path: str) -> bool:
    """Whether a path is that of a raw file."""
    return PurePosixPath(path).parts[0] == RAW


def record_path(record: Mapping[str, Any]) -> str:
    """Where the record itself lies."""
    return str(record["layout"]["output"][RECORD])


def in_order(records: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Records by the time when their jobs began."""
    return tuple(sorted(records, key=lambda record: (record["started"], record_path(record))))


def collect(root: Path, results: Path, held: Callable[[str], bool]) -> Contents:
    """The contents for the finished results of one scale. held: whether to hold a raw file.

    Raises LemmataError where results, workflow or licence are missing, or where anything is not
    what its record says: a crate is for results that are sound.
    """
    for name in (WORKFLOW, LICENSE):
        if not (root / name).is_file():
            raise LemmataError(
                f"{root / name}: missing; a crate needs the workflow and its licence"
            )
    auditor = Auditor(Hashes(root, full=True))  # who hands over results trusts no cache
    entries = _lineage(auditor.ledger, root, results)
    problems = [problem for entry in entries for problem in _problems(auditor, entry)]
    if problems:
        raise LemmataError(f"{problems[0]} (of {len(problems)} problems; see lemmata audit --all)")
    jobs = in_order(entry.record for entry in entries)
    for trouble in code_problems(root, jobs):
        raise LemmataError(f"{trouble}; run snakemake, then write the crate")
    outputs = {item["path"]: item for job in jobs for item in job["outputs"]}
    left_out = {path: item for path, item in outputs.items() if is_raw(path) and not held(path)}
    paths = [*code_files(root), *map(record_path, jobs), *(p for p in outputs if p not in left_out)]
    for path in paths:
        if path.endswith(PICKLES):
            raise LemmataError(f"{path}: looks like a pickle; a crate holds none")
    return Contents(root, results.name, jobs, measured(root, paths), left_out)


def measured(root: Path, paths: Iterable[str]) -> dict[str, Item]:
    """Size and sha256 of files, by path."""
    return {
        path: Item(path, (root / path).stat().st_size, sha256_file(root / path))
        for path in sorted(set(paths))
    }


def _lineage(ledger: Ledger, root: Path, results: Path) -> list[Entry]:
    """The jobs below a folder and all that they descend from."""
    waiting = list(ledger.all(results))
    if not waiting:
        raise LemmataError(f"{results}: holds no finished job; run snakemake first")
    found: dict[Path, Entry] = {}
    while waiting:
        entry = waiting.pop()
        if entry.path not in found:
            found[entry.path] = entry
            for item in entry.record["inputs"]:
                writer = ledger.beside(root / item["path"])
                waiting += [writer] if writer is not None else []
    return [found[path] for path in sorted(found)]


def _problems(auditor: Auditor, entry: Entry) -> Iterator[Problem]:
    yield from auditor.job(entry)
    for item in entry.record["inputs"]:
        yield from check_input(entry, item, auditor.ledger, auditor.hashes)[1]


def code_files(root: Path) -> Iterator[str]:
    """The workflow's own files: rules, scripts, library, configuration, environments, licence."""
    yield from (name for name in SINGLE if (root / name).is_file())
    for folder in FOLDERS:
        for here, below, names in os.walk(root / folder):
            below[:] = sorted(name for name in below if not _unwanted(name))
            for name in sorted(names):
                if not _unwanted(name):
                    yield (Path(here) / name).relative_to(root).as_posix()


def _unwanted(name: str) -> bool:
    hidden = name.startswith(".") or name in SKIPPED
    return hidden or name.endswith((*UNWANTED, ".egg-info"))


def code_problems(root: Path, jobs: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Where the code in the tree is not the code that the jobs ran."""
    digests: dict[Path, str | None] = {}

    def digest(path: Path) -> str | None:
        if path not in digests:
            digests[path] = _code_digest(path)
        return digests[path]

    told = set()
    for job in jobs:
        code = job["code"]
        if whole_digest(code["script_digest"], code["modules"]) != code["digest"]:
            yield f"{record_path(job)}: the code's digest does not follow from those of its modules"
        said = {root / code["script"]: code["script_digest"]}
        said |= {_module(root, name): value for name, value in code["modules"].items()}
        for path, value in said.items():
            if digest(path) != value and (path, value) not in told:
                told.add((path, value))
                name = path.relative_to(root).as_posix()
                yield f"{name}: is not the code that {job['rule']} ran ({record_path(job)})"


def _module(root: Path, name: str) -> Path:
    path = root.joinpath("src", *name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _code_digest(path: Path) -> str | None:
    try:
        return tree_digest(ast.parse(path.read_bytes()))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
