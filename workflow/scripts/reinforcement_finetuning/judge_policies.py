"""What finetuned policies say as common tables of predictions, with the groups of their inputs."""

import pandas as pd

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.controlled.judged import predictions, std_groups
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    said = pd.concat([read_table(path) for path in j.input.said], ignore_index=True)
    for path, model in zip(j.output.predictions, j.cfg["models"], strict=True):
        write_table(predictions(said, model), path, j.stamp)
    write_table(std_groups(said), j.output.groups, j.stamp)
