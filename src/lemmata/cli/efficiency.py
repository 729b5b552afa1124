"""``lemmata efficiency``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lemmata.cli.common import json_option, one_line
from lemmata.cluster.efficiency import efficiency
from lemmata.cluster.sacct import Account, accounts
from lemmata.cluster.table import as_json as efficiency_json
from lemmata.cluster.table import remarks, suggestion, table
from lemmata.cluster.uses import failures, read_uses
from lemmata.errors import LemmataError


@click.command("efficiency")
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--no-sacct", is_flag=True, help="Use the records alone; do not ask SLURM.")
@json_option
def efficiency_command(results: Path, no_sacct: bool, as_json: bool) -> None:
    """Say what each rule of RESULTS (results/<scale>) asked of the cluster, and what it used.

    Memory, CPU, GPU, time, queue and failed attempts, from the records, from the logs of failed
    attempts, and from SLURM's accounting where there is one; then what to ask for instead, as a
    block for a Snakemake profile. Exit status: 0 told; 2 there is nothing to tell of.
    """
    with one_line():
        uses, wrong = read_uses(results)
        if not uses:
            raise LemmataError(f"{results}: holds no record to believe; the first: {wrong[0]}")
        failed = failures(results)
        ids = {use.slurm_id for use in uses} | {failure.slurm_id for failure in failed}
        accounted: dict[str, Account] = {}
        told = [f"left out: {line}" for line in wrong]
        try:
            if not no_sacct:
                accounted = accounts(filter(None, ids))
        except LemmataError as error:
            told.append(f"{error}; the records alone were used")
        found = efficiency(uses, failed, accounted)
    for line in told:
        click.echo(f"lemmata: {line}", err=True)
    if as_json:
        click.echo(json.dumps({**efficiency_json(found), "remarks": told}, indent=1))
        return
    lines = [table(found), "", *remarks(found), "", suggestion(found)]
    click.echo("\n".join(lines))
