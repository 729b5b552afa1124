"""Study spread: all configurations of a sweep, and the one that is chosen."""

from lemmata.length_generalization.studies.spread import study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(j.cfg["tasks"], j.cfg["models"], j.input.tables)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
