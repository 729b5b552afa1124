"""The configuration that a sweep chooses, among all that were tried."""

from lemmata.length_generalization.selection import select
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    answers = [read_table(path) for path in j.input.answers]
    table = select(
        j.cfg["names"], j.cfg["configurations"], answers, j.cfg["fits"], j.cfg["fallback"]
    )
    write_table(table, j.output.table, j.stamp)
