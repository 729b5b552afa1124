"""One model's predictions recalibrated on validation rows, measured by group on test rows."""

from lemmata.calibration.multicalibration.evaluate import Measures
from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.multicalibration.stage import recalibrate
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_predictions, read_table, write_table

with job(snakemake, TRAINED) as j:
    made = recalibrate(
        read_predictions(j.input.predictions),
        read_table(j.input.groups),
        settings_of(j.cfg["post_processors"]),
        build(Measures, j.cfg["measures"]),
    )
    write_table(made.predictions, j.output.predictions, j.stamp)
    write_table(made.metrics, j.output.metrics, j.stamp)
    write_table(made.summary, j.output.summary, j.stamp)
