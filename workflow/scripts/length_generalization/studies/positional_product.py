"""Study positional_product: which relations of positions extrapolate."""

from lemmata.length_generalization.studies.positional_product import study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(j.input.tables, j.cfg["train_length"])
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
