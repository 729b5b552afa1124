"""All editions beside each other: what moved, what was kept, and what the figures draw."""

from lemmata.provenance.job import FLOAT64, job
from lemmata.survey.comparison import compare
from lemmata.tables import read_table, write_table

with job(snakemake, FLOAT64) as j:
    tables = {
        kind: [read_table(path) for path in getattr(j.input, kind)]
        for kind in ("answers", "shares", "measures")
    }
    found = compare(j.cfg["editions"], j.cfg["bank"], tables, j.cfg["precision"])
    for name, table in found._asdict().items():
        write_table(table, getattr(j.output, name), j.stamp)
