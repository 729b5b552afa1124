"""Study known_population: post-processing where the truth is known; table and evidence."""

from lemmata.calibration.multicalibration.studies.known_population import study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    models = [name.partition("/")[2] for name in j.cfg["names"]]
    metrics, selected = (
        {model: read_table(path) for model, path in zip(models, paths, strict=True)}
        for paths in (j.input.metrics, j.input.selected)
    )
    result = study(metrics, selected)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
