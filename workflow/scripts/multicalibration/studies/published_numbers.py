"""Study published_numbers: ours beside published results, and the effect of three defects."""

from pathlib import Path

from lemmata.calibration.multicalibration.studies.published_numbers import study, svm_scaling
from lemmata.config import read_yaml
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_predictions, read_table, write_table

with job(snakemake, TRAINED) as j:
    models = [name.partition("/")[2] for name in j.cfg["names"]]
    metrics, selected = (
        {model: read_table(path) for model, path in zip(models, paths, strict=True)}
        for paths in (j.input.metrics, j.input.selected)
    )
    base = {model: read_predictions(j.input[f"base_{model}"]) for model in models}
    scaling = svm_scaling(
        read_table(j.input.table), j.cfg["svm"], j.cfg["fractions"], j.cfg["seeds"]
    )
    published = read_yaml(Path(j.input.published))
    groups = read_table(j.input.groups)
    result = study(published, metrics, selected, base, groups, scaling)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
