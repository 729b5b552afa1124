"""One decoder, one task, one seed: weights, history, answers to the test strings."""

from lemmata.config import build
from lemmata.length_generalization.experiment import (
    Settings,
    predictions,
    train_decoder,
    trained_before,
)
from lemmata.length_generalization.selection import chosen, place_of_choice
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table
from lemmata.training.checkpoint import Checkpoints
from lemmata.training.weights import save_weights

with job(snakemake, TRAINED) as j:
    cfg, run = dict(j.cfg), None
    if "selection" in j.input.keys():  # noqa: SIM118 - the engine's lists are not mappings
        selection = read_table(j.input.selection)
        cfg |= chosen(selection)
        # The sweep has run its choice with its own seed: the rule then gives its files.
        run = place_of_choice(selection) if "models" in j.input.keys() else None  # noqa: SIM118
    settings = build(Settings, cfg)
    if run is None:
        trained = train_decoder(
            settings,
            threads=j.threads,
            checkpoints=Checkpoints(j.checkpoints),
            segments=j.segments,
            stop_after_s=j.stop_after_s(),
            gpus=j.gpus,
            label=f"{settings.task} {settings.positions} seed {settings.seed}",
        )
    else:
        trained = trained_before(
            settings, j.input.models[run], j.input.histories[run], j.input.answers[run]
        )
    save_weights(trained.model, j.output.model, j.stamp)
    write_table(trained.history, j.output.history, j.stamp)
    write_table(trained.answers, j.output.answers, j.stamp)
    write_table(predictions(trained.answers), j.output.predictions, j.stamp)
