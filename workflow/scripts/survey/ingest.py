"""Check one edition, and what its questions come to by themselves."""

from lemmata.provenance.job import FLOAT64, job
from lemmata.survey.door import enter
from lemmata.tables import write_table

with job(snakemake, FLOAT64) as j:
    entered = enter(j.cfg["edition"], j.cfg["bank"], list(j.input.files), j.cfg["precision"])
    for name, table in entered._asdict().items():
        write_table(table, getattr(j.output, name), j.stamp)
