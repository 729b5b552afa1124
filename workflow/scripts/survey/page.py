"""The page of one edition."""

from pathlib import Path

from lemmata.provenance.content import stamped_page
from lemmata.provenance.job import FLOAT64, job
from lemmata.survey.page import edition_page
from lemmata.tables import read_table

with job(snakemake, FLOAT64) as j:
    kinds = ("answers", "shares", "measures", "codes")
    tables = {kind: [read_table(path) for path in getattr(j.input, kind)] for kind in kinds}
    page = edition_page(j.cfg["editions"], j.cfg["bank"], tables, j.cfg["precision"])
    Path(j.output.html).write_text(stamped_page(page, j.stamp), encoding="utf-8")
