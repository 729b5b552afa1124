"""One decoder, one task, one seed: weights, history, answers to the test strings."""

from lemmata.config import build
from lemmata.length_generalization.experiment import Settings, predictions, train_decoder
from lemmata.length_generalization.selection import chosen
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.weights import save_weights

with job(snakemake, TRAINED) as j:
    cfg = dict(j.cfg)
    if "selection" in j.input.keys():  # noqa: SIM118 - the engine's lists are not mappings
        cfg |= chosen(read_table(j.input.selection))
    settings = build(Settings, cfg)
    trained = train_decoder(
        settings,
        threads=j.threads,
        checkpoints=Checkpoints(j.checkpoints),
        segments=j.segments,
        stop_after_s=j.stop_after_s(),
        gpus=j.gpus,
        label=f"{settings.task} {settings.positions} seed {settings.seed}",
    )
    save_weights(trained.model, j.output.model, j.stamp)
    write_table(trained.history, j.output.history, j.stamp)
    write_table(trained.answers, j.output.answers, j.stamp)
    write_table(predictions(trained.answers), j.output.predictions, j.stamp)
