"""``lemmata crate``."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from lemmata.cli.common import one_line

MIB = 2**20


@click.command("crate")
@click.argument("results", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Zip file, or a folder to make (default: RESULTS.crate.zip beside RESULTS).",
)
@click.option(
    "--raw",
    type=click.Choice(["licensed", "all", "none"]),
    default="licensed",
    help="Raw data to put in: what its licence lets pass on (default), all, or none.",
)
def crate_command(results: Path, output: Path | None, raw: str) -> None:
    """Write RESULTS (results/<scale>) as a Workflow Run RO-Crate, to hand over or to archive.

    Workflow, code, configuration, data, every job with its record, figures and claims; anyone can
    verify it with `lemmata audit`, on any machine. Exit status: 0 written; 2 it cannot be (what is
    missing or broken is named).
    """
    from lemmata.lineage.crate.write import Raw, write_crate  # loads slowly, and for few

    target = output if output is not None else results.with_name(f"{results.name}.crate.zip")
    with one_line():
        written = write_crate(results, target, Path(), cast(Raw, raw))
    size = f", {written.stat().st_size / MIB:.1f} MiB" if written.is_file() else ""
    click.echo(f"{written}{size}")
