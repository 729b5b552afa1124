"""SmoothECE and the reliability curve of one model, each seed by itself (test rows)."""

import pandas as pd

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.reliability import ReliabilitySettings, reliability
from lemmata.calibration.studies.result import samples
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_predictions, write_table

with job(snakemake, TRAINED) as j:
    settings = build(ReliabilitySettings, j.cfg["settings"])
    summaries, curves = [], []
    for sample in samples("", read_predictions(j.input.predictions)):
        summary, curve = reliability(sample.p, sample.y, settings)
        summary["binned_ece"] = binned_ece(sample.p, sample.y, j.cfg["bins"])
        summaries.append(summary.assign(seed=sample.seed))
        curves.append(curve.assign(seed=sample.seed))
    write_table(pd.concat(summaries, ignore_index=True), j.output.summary, j.stamp)
    write_table(pd.concat(curves, ignore_index=True), j.output.curve, j.stamp)
