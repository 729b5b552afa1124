"""Predictions on one data set recalibrated on validation rows, measured by group on test rows."""

import pandas as pd

from lemmata.calibration.multicalibration.evaluate import Measures
from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.multicalibration.stage import recalibrate
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_predictions, read_table, write_table

with job(snakemake, TRAINED) as j:
    groups, measures = read_table(j.input.groups), build(Measures, j.cfg["measures"])
    settings = settings_of(j.cfg["post_processors"])
    paths = pd.Series(list(j.input.predictions), index=j.cfg["models"])
    parts = {"predictions": [], "metrics": [], "summary": []}
    for model in paths.index.unique():
        made = recalibrate(read_predictions(paths[[model]]), groups, settings, measures)
        for name, tables in parts.items():
            tables.append(getattr(made, name).assign(model=model))
    for name, tables in parts.items():
        write_table(pd.concat(tables, ignore_index=True), getattr(j.output, name), j.stamp)
