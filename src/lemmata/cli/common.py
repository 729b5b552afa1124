"""What the commands share: options, errors in one line, where the store is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from lemmata.config import read_yaml
from lemmata.errors import LemmataError
from lemmata.lineage.texts import Texts
from lemmata.provenance.store import Store

UNUSABLE = 2

config_option = click.option(
    "--config",
    "config",
    multiple=True,
    metavar="KEY=VALUE",
    help="Configuration as on Snakemake's command line, for example scale=smoke; may be repeated.",
)
records_option = click.option(
    "--records",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="Where to look for the record of a file that was copied away (default: this folder).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
full_option = click.option(
    "--full", is_flag=True, help="Hash every file anew, whatever its size and times say."
)


@contextlib.contextmanager
def one_line() -> Iterator[None]:
    """Tell a LemmataError in one line and end with status 2."""
    try:
        yield
    except LemmataError as error:
        click.echo(f"lemmata: {error}", err=True)
        raise SystemExit(UNUSABLE) from None


def store_of(root: Path = Path()) -> Store:
    """The store that the configuration of a tree names."""
    path = root / "config" / "config.yaml"
    settings = read_yaml(path).get("store", {}) if path.is_file() else {}
    store = Store.of(settings)
    return store if store.root.is_absolute() else Store(root / store.root, store.limit_bytes)


def texts_of(root: Path) -> Texts:
    """Where the texts of a tree's modules, old and new, are found."""
    return Texts(root, store_of(root).root)
