"""Study confidence: how sure finetuned policies are, and how right."""

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.language.studies.confidence import study
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(j.cfg["tasks"], j.input.tables)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
