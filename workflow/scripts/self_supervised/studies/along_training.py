"""Study of label-free metrics along trainings."""

from lemmata.provenance.job import TRAINED, job
from lemmata.self_supervised.studies.along_training import study
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(j.input.measures, **j.cfg)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
