"""Study time_separation: how long RFT and SFT take from a small initial STD."""

from lemmata.provenance.job import FLOAT64, job
from lemmata.reinforcement_finetuning.exact.studies.time_separation import study
from lemmata.tables import write_table

with job(snakemake, FLOAT64) as j:
    result = study(**j.cfg)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
