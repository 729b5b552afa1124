"""One network, one data set, one seed: weights, history and predictions."""

from lemmata.config import build
from lemmata.data.design import design_matrix
from lemmata.predictions import predictions_frame
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.classifier import ClassifierSettings, train_classifier
from lemmata.training.weights import save_weights

with job(snakemake, TRAINED) as j:
    cfg = {key: value for key, value in j.cfg.items() if key != "dataset"}
    settings = build(ClassifierSettings, cfg)
    table = read_table(j.input.table)
    X, _ = design_matrix(table)
    trained = train_classifier(
        settings,
        X,
        table["y"].to_numpy(),
        table["split"].to_numpy(dtype=str),
        threads=j.threads,
        checkpoints=Checkpoints(j.checkpoints),
        segments=j.segments,
        stop_after_s=j.stop_after_s(),
        gpus=j.gpus,
        label=f"{settings.model} {j.cfg['dataset']} seed {settings.seed}",
    )
    save_weights(trained.model, j.output.model, j.stamp)
    write_table(trained.history, j.output.history, j.stamp)
    predictions = predictions_frame(table, trained.probabilities, settings.seed)
    write_table(predictions, j.output.predictions, j.stamp)
