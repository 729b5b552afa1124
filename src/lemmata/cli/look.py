"""``lemmata audit`` and ``lemmata why``."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lemmata.cli.common import (
    config_option,
    full_option,
    json_option,
    one_line,
    records_option,
    texts_of,
)
from lemmata.errors import LemmataError
from lemmata.lineage.audit import Auditor, Node
from lemmata.lineage.checks import Problem, Status
from lemmata.lineage.embedded import extract_figures
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.present import has_workflow, planned_for, planned_jobs
from lemmata.lineage.render import as_json as node_json
from lemmata.lineage.render import render
from lemmata.lineage.why import forced, why
from lemmata.lineage.why import render as render_why

BROKEN, STALE = 1, 3


@click.command("audit")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Every file of results/ and resources/.")
@records_option
@click.option("--no-stale", is_flag=True, help="Do not compare with the present tree.")
@full_option
@json_option
def audit_command(
    files: tuple[Path, ...],
    everything: bool,
    records: Path,
    no_stale: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Verify FILES and their whole lineage, down to the raw data, and print the tree.

    FILES are figures, tables, weights, reports or crates, also copies without their folder. Each
    node is intact, stale (config or code have moved on since), changed (other bytes than
    recorded), missing, or forged (two accounts of it contradict each other).

    Exit status: 0 all intact; 1 something is changed, missing or forged (the first is named); 2
    there is nothing to verify against; 3 all intact, but something is stale.
    """
    with one_line():
        if bool(files) == everything:
            raise LemmataError("audit: name files, or give --all")
        hashes = Hashes(records if records.is_dir() else Path(), full)
        started = time.monotonic()
        problems: list[Problem] = []
        if everything:
            problems, count = _audit_all(hashes, records, no_stale)
            _tell(problems, count, time.monotonic() - started, as_json, [])
        else:
            nodes: list[Node] = []
            crates = 0
            for path in files:
                if path.suffix == ".zip" or path.is_dir():
                    from lemmata.lineage.crate.check import check_crate  # loads slowly, and for few

                    told = (Problem(Status.CHANGED, str(path), line) for line in check_crate(path))
                    problems += told
                    crates += 1
                else:
                    nodes += _audit(path, hashes, records, no_stale)
            problems += (p for node in nodes for p in node.found())
            problems = list(dict.fromkeys(problems))
            count = crates + len({n.path for node in nodes for n in node.walk()})
            _tell(problems, count, time.monotonic() - started, as_json, nodes)
        hashes.save()
    raise SystemExit(_status(problems))


def _audit(path: Path, hashes: Hashes, records: Path, no_stale: bool) -> list[Node]:
    auditor = Auditor(hashes, records)
    if path.suffix == ".html" and path.is_file() and not auditor.is_known(path):
        return _audit_report(path, auditor)
    node = auditor.lineage(path)
    if no_stale or node.entry is None or not has_workflow(node.entry.root):
        return [node]
    # The lineage says which scales to plan; facts of files are known by now, so this costs little.
    found = [n.record for n in node.walk() if n.record is not None]
    planned = planned_for(node.entry.root, found)
    return [Auditor(hashes, records, planned).lineage(path)]


def _audit_report(path: Path, auditor: Auditor) -> list[Node]:
    """A report is what it shows: every figure inside it, verified like a lone copy."""
    with tempfile.TemporaryDirectory() as folder:
        figures = list(extract_figures(path, Path(folder)))
        if not figures:
            raise LemmataError(f"{path}: holds no stamp, and no figures to verify")
        return [_shown(figure, f"{path}: {figure.name}", auditor) for figure in figures]


def _shown(figure: Path, name: str, auditor: Auditor) -> Node:
    """A figure of a report, under its name there instead of its temporary one."""
    try:
        node = auditor.lineage(figure)
    except LemmataError as error:
        text = str(error).removeprefix(f"{figure}: ")
        return Node(name, "", None, [Problem(Status.MISSING, name, text)])
    renamed = [
        dataclasses.replace(p, path=p.path.replace(str(figure), name)) for p in node.problems
    ]
    return dataclasses.replace(node, path=name, problems=renamed)


def _audit_all(hashes: Hashes, root: Path, no_stale: bool) -> tuple[list[Problem], int]:
    auditor = Auditor(hashes, root)
    if not no_stale and has_workflow(root):
        found = [e.content for e in auditor.ledger.all(root) if e.content is not None]
        auditor.planned = planned_for(root, found)
    problems, count = auditor.everything(root)
    if count == 0:
        raise LemmataError(f"{root}: holds no records below results/ and resources/")
    return problems, count


def _tell(
    problems: Sequence[Problem], count: int, seconds: float, as_json: bool, nodes: Sequence[Node]
) -> None:
    if as_json:
        said: dict[str, Any] = {
            "files": count,
            "problems": [dataclasses.asdict(problem) for problem in problems],
            "lineages": [node_json(node) for node in nodes],
        }
        click.echo(json.dumps(said, indent=1, ensure_ascii=False))
        return
    for node in nodes:
        click.echo(render(node))
    if not nodes:
        for problem in problems:
            click.echo(str(problem))
    broken = [p for p in problems if p.status is not Status.STALE]
    if broken:
        click.echo(f"lemmata: broken: {broken[0]}", err=True)
    stale = len(problems) - len(broken)
    verdict = "intact" if not problems else f"{len(broken)} broken, {stale} stale"
    click.echo(f"{verdict}: {count} files verified in {seconds:.1f} s")


def _status(problems: Sequence[Problem]) -> int:
    if any(p.status is not Status.STALE for p in problems):
        return BROKEN
    return STALE if problems else 0


@click.command("why")
@click.argument("targets", nargs=-1)
@config_option
@full_option
@json_option
@click.option(
    "--forcerun",
    is_flag=True,
    help="Print only what the engine does not see, for `snakemake --forcerun $(...)`.",
)
def why_command(
    targets: tuple[str, ...], config: tuple[str, ...], full: bool, as_json: bool, forcerun: bool
) -> None:
    """Say why each job would run: config key, function, input; and what is stale unseen.

    TARGETS as for Snakemake (none: everything). Runs nothing. Exit status: 0 nothing is stale; 1
    something is; 2 the tree cannot be planned.
    """
    with one_line():
        root = Path()
        hashes = Hashes(root, full)
        planned = planned_jobs(root, targets, config)
        reasons = why(planned, root, hashes, texts_of(root))
        hashes.save()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(reason) for reason in reasons], indent=1))
    elif forcerun:
        click.echo("\n".join(forced(reasons)))
    else:
        click.echo(render_why(reasons) or f"nothing is stale: {len(planned)} jobs")
    raise SystemExit(1 if reasons else 0)
