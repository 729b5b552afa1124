"""Study official_options: what the authors' code does otherwise, on fits of the population."""

from lemmata.calibration.multicalibration.evaluate import Measures
from lemmata.calibration.multicalibration.studies.official_options import study
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_predictions, read_table, write_table

with job(snakemake, TRAINED) as j:
    base = {model: read_predictions(j.input[f"base_{model}"]) for model in j.cfg["models"]}
    measures = build(Measures, j.cfg["measures"])
    result = study(base, read_table(j.input.groups), j.cfg["size"], measures)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
