"""Study methods: RFT and SFT of the same policies, by group of inputs."""

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.controlled.studies.methods import study
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(j.input.histories)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
