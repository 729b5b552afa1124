"""Base predictions of one classical model on one data set, every seed and fraction."""

from lemmata.calibration.multicalibration.base_classical import classical_fit
from lemmata.calibration.multicalibration.base_models import base_predictions, design_of
from lemmata.provenance.job import job
from lemmata.tables import read_table, write_table

with job(snakemake) as j:
    fit = classical_fit(j.cfg["model"], j.cfg["hyper_parameters"])
    design = design_of(j.cfg["design"])
    predictions = base_predictions(read_table(j.input.table), fit, design, j.cfg["seeds"])
    write_table(predictions, j.output.predictions, j.stamp)
