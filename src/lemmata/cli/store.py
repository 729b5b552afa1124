"""``lemmata restore`` and ``lemmata store list | prune | verify``."""

from __future__ import annotations

from pathlib import Path

import click

from lemmata.cli.common import config_option, one_line, store_of
from lemmata.lineage.present import planned_jobs
from lemmata.lineage.restore import restore

GIB = 2**30
MIB = 2**20


@click.command("restore")
@click.argument("targets", nargs=-1)
@config_option
def restore_command(targets: tuple[str, ...], config: tuple[str, ...]) -> None:
    """Put back from the store what jobs would otherwise compute again, before any is submitted.

    TARGETS as for Snakemake (none: everything). Exit status: 0 done; 2 it cannot be done.
    """
    with one_line():
        planned = planned_jobs(Path(), targets, config)
        restored, left = restore(planned, Path(), store_of(), config)
    click.echo(f"restored {len(restored)} jobs from the store; {left} left to run")


@click.group("store")
def store_group() -> None:
    """The store of outputs by fingerprint: list it, verify it, make it smaller."""


@store_group.command("list")
def list_command() -> None:
    """List the entries, most recently used first."""
    with one_line():
        entries = sorted(store_of().entries(), key=lambda entry: entry.last_used, reverse=True)
    for entry in entries:
        used = entry.last_used.isoformat(timespec="seconds")
        size = f"{entry.bytes / MIB:9.2f} MiB"
        click.echo(f"{used}  {size}  {entry.fingerprint[:12]}  {entry.rule}  {entry.paths[0]}")
    total = sum(entry.bytes for entry in entries) / MIB
    click.echo(
        f"{len(entries)} entries, {total:.1f} MiB (files that entries share count each time)"
    )


@store_group.command("verify")
def verify_command() -> None:
    """Hash every file of the store. Exit status: 0 sound, 1 something is not (each is named)."""
    with one_line():
        problems = store_of().verify()
    for problem in problems:
        click.echo(problem)
    click.echo("sound" if not problems else f"{len(problems)} problems")
    raise SystemExit(1 if problems else 0)


@store_group.command("prune")
@click.option("--max-gib", type=click.FloatRange(min=0), help="Size to come down to (GiB).")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def prune_command(max_gib: float | None, dry_run: bool) -> None:
    """Remove the least recently used entries, down to the configured size (or --max-gib)."""
    with one_line():
        store = store_of()
        limit = store.limit_bytes if max_gib is None else int(max_gib * GIB)
        pruned = store.prune(limit if limit is not None else 2**63, dry_run)
    verb = "would remove" if dry_run else "removed"
    click.echo(f"{verb} {pruned.entries} entries, {pruned.bytes / MIB:.1f} MiB")
