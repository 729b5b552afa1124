"""Study penalized: the same decoders with and without the positional regularizer."""

from lemmata.length_generalization.studies.exact_match import read_answers
from lemmata.length_generalization.studies.penalized import study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    result = study(read_answers(j.cfg["tasks"], j.cfg["models"], j.input.tables))
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
