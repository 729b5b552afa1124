"""The command line: ``lemmata audit | why | explain | reproduce | restore | store | crate``, and
``efficiency | cost`` for clusters; ``reward-std`` for models of one's own; ``survey`` to host an
edition.
"""

from __future__ import annotations

import click

from lemmata.cli.compare import explain_command, reproduce_command
from lemmata.cli.cost import cost_command
from lemmata.cli.crate import crate_command
from lemmata.cli.efficiency import efficiency_command
from lemmata.cli.look import audit_command, why_command
from lemmata.cli.reward_std import reward_std_command
from lemmata.cli.store import restore_command, store_group
from lemmata.cli.survey import survey_group


@click.group()
@click.version_option(package_name="lemmata")
def main() -> None:
    """Reproduce ten papers, and prove where every figure came from."""


for command in (
    audit_command,
    why_command,
    explain_command,
    reproduce_command,
    restore_command,
    store_group,
    crate_command,
    efficiency_command,
    cost_command,
    survey_group,
    reward_std_command,
):
    main.add_command(command)
