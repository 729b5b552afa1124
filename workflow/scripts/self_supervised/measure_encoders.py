"""Probes and label-free metrics of a bundle of encoders of one seed."""

from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.self_supervised.measured import MeasureSettings
from lemmata.self_supervised.measured_runs import measure_runs
from lemmata.self_supervised.runs import named_runs
from lemmata.self_supervised.sources import source_of
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    measures, along, predictions = measure_runs(
        j.cfg["images"],
        named_runs(j.cfg["runs"], j.cfg["seed"]),
        source_of(j.cfg["source"], read_table(j.input.table)),
        read_table(j.input.history),
        j.input.models,
        build(MeasureSettings, j.cfg["measures"], "measures"),
        threads=j.threads,
        gpus=j.gpus,
    )
    write_table(measures, j.output.measures, j.stamp)
    write_table(along, j.output.along, j.stamp)
    write_table(predictions, j.output.predictions, j.stamp)
