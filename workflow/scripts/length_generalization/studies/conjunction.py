"""Study conjunction: AND of bits, transformers beside the min-degree interpolator."""

from lemmata.length_generalization.studies.conjunction import study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(j.input.tables, j.cfg["bits"], j.cfg["frozen"])
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
