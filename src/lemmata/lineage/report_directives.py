"""Two directives for the captions of Snakemake's report, which docutils renders.

::

    .. provenance:: results/laptop/calibration/digits/figures/reliability.png

says of a file which claims it is drawn for, their verdicts, its digest and its lineage; and

::

    .. overview::

       results/laptop/calibration/digits/figures/reliability.png
       ...

is the table of those figures. Both read the tree while the report is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import Directive, directives

from lemmata.claims import Claim

if TYPE_CHECKING:
    from lemmata.lineage.report_page import Pages


def register(results: str, claims: Iterable[Claim]) -> None:
    """Make the directives known. results: the folder results/<scale>."""
    wanted = list(claims)

    @cache
    def pages() -> Pages:
        # Loaded when a caption is rendered: planning and running jobs need none of it.
        from lemmata.lineage.report_page import Pages

        return Pages(Path(results), wanted)

    class Provenance(Directive):  # type: ignore[misc]  # docutils has no types
        required_arguments = 1
        final_argument_whitespace = True

        def run(self) -> list[nodes.Node]:
            return [nodes.raw("", pages().about(self.arguments[0]), format="html")]

    class Overview(Directive):  # type: ignore[misc]  # docutils has no types
        has_content = True

        def run(self) -> list[nodes.Node]:
            return [nodes.raw("", pages().overview(list(self.content)), format="html")]

    directives.register_directive("provenance", Provenance)
    directives.register_directive("overview", Overview)
