"""The command line: ``lemmata audit FILE``."""

from __future__ import annotations

from pathlib import Path

import click

from lemmata.errors import LemmataError
from lemmata.provenance.audit import audit, first_problem, render


@click.group()
@click.version_option(package_name="lemmata")
def main() -> None:
    """Reproduce ten papers, and prove where every figure came from."""


@main.command("audit")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--records",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="Where to look for the record of a file that was copied away (default: this folder).",
)
def audit_command(file: Path, records: Path) -> None:
    """Verify FILE and its whole lineage, down to the raw data, and print the tree.

    Exit status: 0 all intact; 1 something differs (the first broken link is named); 2 there is
    nothing to verify against.
    """
    try:
        node = audit(file, records)
    except LemmataError as error:
        click.echo(f"lemmata: {error}", err=True)
        raise SystemExit(2) from None
    click.echo(render(node))
    problem = first_problem(node)
    if problem is not None:
        click.echo(f"lemmata: broken: {problem[0]}: {problem[1]}", err=True)
        raise SystemExit(1)
    files = {n.path for n in node.walk()}
    click.echo(f"intact: {len(files)} files verified")
