"""Study identities: what the metrics must be."""

from lemmata.provenance.job import FLOAT64, job
from lemmata.self_supervised.studies.identities import study
from lemmata.tables import write_table

with job(snakemake, FLOAT64) as j:
    result = study(**j.cfg)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
