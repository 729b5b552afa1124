"""One language model pretrained on one task for one seed: weights and history."""

import pandas as pd

from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.language.pretraining import Settings, task_of, train_model
from lemmata.tables import read_table, write_table
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.weights import save_weights

with job(snakemake, TRAINED) as j:
    settings = build(Settings, j.cfg)
    texts: pd.DataFrame | None = None if settings.text is None else read_table(j.input.table)
    trained = train_model(
        settings,
        task_of(settings, texts),
        threads=j.threads,
        checkpoints=Checkpoints(j.checkpoints),
        segments=j.segments,
        stop_after_s=j.stop_after_s(),
        gpus=j.gpus,
        label=f"pretraining seed {settings.seed}",
    )
    save_weights(trained.model, j.output.model, j.stamp)
    write_table(trained.history, j.output.history, j.stamp)
