"""One conditional network for one seed: averaged weights and history."""

import torch

from lemmata.config import build
from lemmata.diffusion.experiment import Settings, train_model
from lemmata.diffusion.images import training_examples
from lemmata.diffusion.training_data import IMAGES
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.weights import save_weights

with job(snakemake, TRAINED) as j:
    settings = build(Settings, j.cfg)
    examples: tuple[torch.Tensor, torch.Tensor] | None = None
    if settings.data in IMAGES:
        examples = training_examples(read_table(j.input.table))
    trained = train_model(
        settings,
        examples,
        threads=j.threads,
        checkpoints=Checkpoints(j.checkpoints),
        segments=j.segments,
        stop_after_s=j.stop_after_s(),
        gpus=j.gpus,
        label=f"{settings.data} {settings.prediction} seed {settings.seed}",
    )
    save_weights(trained.model, j.output.model, j.stamp)
    write_table(trained.history, j.output.history, j.stamp)
