"""``lemmata survey new-edition | form``: host the next edition."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from lemmata.cli.common import one_line

FOLDER = Path("config/survey")


@click.group("survey")
def survey_group() -> None:
    """Host an edition of the periodic survey: its folder, its form."""


@survey_group.command("new-edition")
@click.argument("edition")
@click.option(
    "--series", default="perspectives", show_default=True, help="Whose anchors to carry over."
)
@click.option("--year", type=int, default=None, help="Year of the edition (default: this year).")
def new_edition_command(edition: str, series: str, year: int | None) -> None:
    """Make the folder config/survey/EDITION, with the anchors of its series."""
    from lemmata.survey.scaffold import new_edition

    with one_line():
        made = new_edition(
            FOLDER, edition, series, year or datetime.datetime.now(datetime.UTC).year
        )
    for path in made:
        click.echo(path)
    click.echo(f"fill in {made[0]}, then: lemmata survey form {edition}")


@survey_group.command("form")
@click.argument("edition")
@click.option(
    "--output", type=click.Path(path_type=Path), help="File to write (default: EDITION.html)."
)
def form_command(edition: str, output: Path | None) -> None:
    """Write the questionnaire of EDITION as one HTML file that works offline."""
    from lemmata.survey.form import form
    from lemmata.survey.instrument import load_survey

    target = output or Path(f"{edition}.html")
    with one_line():
        target.write_text(form(load_survey(FOLDER), edition), encoding="utf-8")
    click.echo(f"{target}; exports go to {FOLDER / edition / 'responses'}")
