"""``lemmata cost``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from lemmata.cli.common import config_option, json_option, one_line, store_of
from lemmata.cluster.cost import by_family, by_rule, planned, together
from lemmata.cluster.cost_records import Records, read_samples
from lemmata.cluster.cost_table import as_json as cost_json
from lemmata.cluster.cost_table import remarks, table
from lemmata.errors import LemmataError
from lemmata.lineage.present import planned_jobs

TOTAL = "total"


@click.command("cost")
@config_option
@click.option("--rules", "per_rule", is_flag=True, help="One line a rule, and what it rests on.")
@click.option("--markdown", is_flag=True, help="Print the table for a Markdown page.")
@json_option
def cost_command(config: tuple[str, ...], per_rule: bool, markdown: bool, as_json: bool) -> None:
    """Say what a configuration costs: jobs, CPU- and GPU-hours, memory, storage of each family.

    From the plan of the whole workflow (raw data need not be there) and from the records of what
    has run in this folder at any scale. Runs nothing. Exit status: 0 told; 2 it cannot be planned.
    """
    with one_line():
        if as_json and markdown:
            raise LemmataError("cost: --json and --markdown: give one of them")
        jobs = [planned(job) for job in planned_jobs(Path(), config=config).values()]
        known, wrong = read_samples(Path())
        store_bytes = store_of().limit_bytes
    rules = by_rule(jobs, Records(known))
    families = by_family(rules)
    for line in wrong:
        click.echo(f"lemmata: left out: {line}", err=True)
    if as_json:
        told = {**cost_json(families, rules), "store_bytes": store_bytes, "left_out": wrong}
        click.echo(json.dumps(told, indent=1))
        return
    named = [dataclasses.replace(c, name=f"{family}: {c.name}") for family, c in rules]
    shown = named if per_rule else families
    total = together(TOTAL, shown)
    if per_rule:
        total = dataclasses.replace(total, basis=())
    click.echo(table([*shown, total], "rule" if per_rule else "family", per_rule, markdown))
    bullet = "- " if markdown else ""
    lines = [f"{bullet}{line}" for line in remarks([cost for _, cost in rules], store_bytes)]
    click.echo("\n".join(["", *lines]))
