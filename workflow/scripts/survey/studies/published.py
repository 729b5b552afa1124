"""Study published: what the aggregates of others show at the pipeline's end."""

from lemmata.provenance.job import FLOAT64, job
from lemmata.survey.studies.published import study
from lemmata.tables import read_table, write_table

with job(snakemake, FLOAT64) as j:
    tables = [read_table(getattr(j.input, name)) for name in ("shares", "predicted", "moved")]
    result = study(list(j.input.aggregates), *tables, level=j.cfg["level"])
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
