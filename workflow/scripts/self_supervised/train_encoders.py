"""A bundle of encoders for one seed: all weights in one file, and their histories."""

from lemmata.provenance.job import TRAINED, job
from lemmata.self_supervised.runs import named_runs, train_runs
from lemmata.self_supervised.sources import source_of
from lemmata.tables import read_table, write_table
from lemmata.training.weights import save_weights

with job(snakemake, TRAINED) as j:
    networks, history = train_runs(
        j.cfg["images"],
        named_runs(j.cfg["runs"], j.cfg["seed"]),
        source_of(j.cfg["source"], read_table(j.input.table)),
        j.checkpoints,
        threads=j.threads,
        gpus=j.gpus,
        segments=j.segments,
        stop_after_s=j.stop_after_s,
    )
    save_weights(networks, j.output.models, j.stamp)
    write_table(history, j.output.history, j.stamp)
