"""A model of one's own: reward STD before finetuning, gains by RFT and by SFT."""

from pathlib import Path

from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.checkpoints.study import Settings, study
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    (config,) = (path for path in j.input.checkpoint if Path(path).name == "config.json")
    result = study(
        Path(config).parent,
        j.input.data,
        build(Settings, j.cfg),
        threads=j.threads,
        gpus=j.gpus,
        checkpoints=j.checkpoints,
    )
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
