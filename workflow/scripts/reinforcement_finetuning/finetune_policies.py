"""One policy pretrained, and finetuned by every variant of an experiment."""

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.controlled.experiment import Session
from lemmata.reinforcement_finetuning.controlled.runs import train_all
from lemmata.tables import read_table, write_table
from lemmata.training.device import select
from lemmata.training.weights import save_weights

with job(snakemake, TRAINED) as j:
    compute = select(j.cfg["device"], j.cfg["precision"], j.threads, j.gpus)
    seed = j.cfg["policy"]["seed"]

    def session(name: str) -> Session:
        """Where a run computes; the time left is that of its start."""
        label, folder = f"{name}, seed {seed}", j.checkpoints / name
        return Session(compute, seed, folder, j.segments, j.stop_after_s(), label)

    made = train_all(j.cfg["policy"], read_table(j.input.table), j.cfg["variants"], session)
    save_weights(made.models, j.output.models, j.stamp)
    write_table(made.history, j.output.history, j.stamp)
    write_table(made.said, j.output.said, j.stamp)
