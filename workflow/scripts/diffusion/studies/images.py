"""Study of guided images by sampler, weight and steps."""

from lemmata.diffusion.studies.images import study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(j.input.measures, j.input.paths)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
