"""SmoothECE and reliability curves of all models on a data set, each seed by itself (test rows)."""

import pandas as pd

from lemmata.calibration.binned_ece import binned_ece
from lemmata.calibration.reliability import ReliabilitySettings, reliability
from lemmata.calibration.studies.result import read_samples
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    settings = build(ReliabilitySettings, j.cfg["settings"])
    summaries, curves = [], []
    for sample in read_samples(j.cfg["models"], j.input.predictions):
        summary, curve = reliability(sample.p, sample.y, settings)
        summary["binned_ece"] = binned_ece(sample.p, sample.y, j.cfg["bins"])
        summaries.append(summary.assign(model=sample.name, seed=sample.seed))
        curves.append(curve.assign(model=sample.name, seed=sample.seed))
    write_table(pd.concat(summaries, ignore_index=True), j.output.summary, j.stamp)
    write_table(pd.concat(curves, ignore_index=True), j.output.curve, j.stamp)
