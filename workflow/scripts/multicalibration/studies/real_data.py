"""Study real_data: the findings of arXiv 2406.06487 over the configured data sets."""

from lemmata.calibration.multicalibration.studies.real_data import rows_of, study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    metrics, selected = (
        {name: read_table(path) for name, path in zip(j.cfg["names"], paths, strict=True)}
        for paths in (j.input.metrics, j.input.selected)
    )
    result = study(selected, {name: rows_of(table) for name, table in metrics.items()})
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
