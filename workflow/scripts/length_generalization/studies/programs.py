"""Study programs: programs against oracles on every string up to a length."""

from lemmata.length_generalization.studies.programs import study
from lemmata.provenance.job import job
from lemmata.tables import write_table

with job(snakemake) as j:
    result = study(j.cfg["longest"])
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
