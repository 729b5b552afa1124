"""Predictions of one classical model on one data set, all seeds (each fit takes moments)."""

import pandas as pd

from lemmata.calibration.classical import fit_predict
from lemmata.data.design import design_matrix
from lemmata.predictions import predictions_frame
from lemmata.provenance.job import job
from lemmata.tables import read_table, write_table

with job(snakemake) as j:
    table = read_table(j.input.table)
    X, _ = design_matrix(table)
    train = (table["split"] == "train").to_numpy()
    y_train = table["y"].to_numpy()[train]
    frames = []
    for seed in j.cfg["seeds"]:
        probabilities = fit_predict(
            j.cfg["model"], j.cfg["hyper_parameters"], X[train], y_train, X, seed
        )
        frames.append(predictions_frame(table, probabilities, seed))
    write_table(pd.concat(frames, ignore_index=True), j.output.predictions, j.stamp)
