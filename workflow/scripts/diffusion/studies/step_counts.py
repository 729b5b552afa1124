"""Study step_counts: distance to the data against steps."""

from lemmata.diffusion.studies.step_counts import study
from lemmata.provenance.job import FLOAT64, job
from lemmata.tables import write_table

with job(snakemake, FLOAT64) as j:
    result = study(**j.cfg)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
