"""``lemmata explain`` and ``lemmata reproduce``."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import click

from lemmata.cli.common import json_option, one_line, records_option, texts_of
from lemmata.errors import LemmataError
from lemmata.lineage.audit import Auditor
from lemmata.lineage.explain import Found, Side, explain, recorded, render, runs
from lemmata.lineage.hashes import Hashes
from lemmata.lineage.present import has_workflow, planned_for


@click.command("explain")
@click.argument("old", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True), required=False)
@records_option
@click.option("--diff/--no-diff", default=True, help="Show how the code differs (default: yes).")
@json_option
def explain_command(old: Path, new: Path | None, records: Path, diff: bool, as_json: bool) -> None:
    """Say why OLD and NEW differ: two figures, two results folders, or OLD and the present tree.

    Prints the smallest set of differences (raw data, code, configuration, seeds, software,
    hardware) in the order in which they entered the lineage; "identical" where there is none.

    Exit status: 0 identical; 1 they differ; 2 there is nothing to compare by.
    """
    with one_line():
        found, roots = _explain(old, new, records)
    if as_json:
        said = [
            {
                "kind": item.difference.kind,
                "name": item.difference.name,
                "old": item.difference.old,
                "new": item.difference.new,
                "entered": item.job,
                "shared_by": item.others,
            }
            for item in found
        ]
        click.echo(json.dumps(said, indent=1))
    else:
        click.echo(render(found, (texts_of(roots[0]), texts_of(roots[1])), diff))
    raise SystemExit(1 if found else 0)


def _explain(old: Path, new: Path | None, records: Path) -> tuple[list[Found], tuple[Path, Path]]:
    hashes = Hashes(records)
    auditor = Auditor(hashes, records)
    ledger = auditor.ledger
    if old.is_dir() or (new is not None and new.is_dir()):
        if new is None or not (old.is_dir() and new.is_dir()):
            raise LemmataError(f"{old}: compare a folder with a folder, or a file with a file")
        firsts = [next(ledger.all(folder), None) for folder in (old, new)]
        sides = [recorded(entry, ledger, hashes) for entry in firsts if entry is not None]
        return explain(runs(ledger, old, new), *sides), (sides[0].root, sides[1].root)
    entry = auditor.entry_of(old)
    if new is not None:
        other = auditor.entry_of(new)
        sides = [recorded(each, ledger, hashes) for each in (entry, other)]
        return explain([(entry.record, other.record)], *sides), (entry.root, other.root)
    if not has_workflow(entry.root):
        raise LemmataError(f"{entry.root}: holds no workflow to compare {old} with")
    planned = planned_for(entry.root, [entry.record])
    job = planned.get(str(entry.path.relative_to(entry.root)))
    present = Side(entry.root, ledger, hashes, planned)
    found = explain([(entry.record, job)], recorded(entry, ledger, hashes), present)
    return found, (entry.root, entry.root)


@click.command("reproduce")
@click.argument("figure", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@records_option
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count, help="Jobs at a time.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Work in this new folder and keep it (default: a temporary one).",
)
@json_option
def reproduce_command(
    figure: Path, records: Path, jobs: int, keep: Path | None, as_json: bool
) -> None:
    """Make FIGURE again: run its whole lineage from the recorded code and settings, and compare.

    Every file is compared byte for byte; on other hardware than recorded, within the tolerance that
    the record states.

    Exit status: 0 all alike (measurements of the machine apart); 1 something differs; 2 something
    cannot be run.
    """
    from lemmata.lineage import reproduce as again  # its libraries take a second to load

    with one_line(), tempfile.TemporaryDirectory() as temporary:
        scratch = keep if keep is not None else Path(temporary)
        if keep is not None:
            if keep.exists():
                raise LemmataError(f"{keep}: is there already; name a new folder")
            keep.mkdir(parents=True)
        auditor = Auditor(Hashes(records), records)
        root = auditor.entry_of(figure).root
        made = again.reproduce(figure, scratch.resolve(), auditor, texts_of(root), jobs)
    text = json.dumps(again.as_json(made), indent=1) if as_json else again.render(made)
    click.echo(text)
    raise SystemExit(made.status)
