"""Answers of finetuned policies as predictions, a table a policy, and their groups by STD."""

import pandas as pd

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.language.runs import predictions_of, std_groups
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    answers = pd.concat([read_table(path) for path in j.input.answers], ignore_index=True)
    for path, run in zip(j.output.predictions, j.cfg["runs"], strict=True):
        write_table(predictions_of(answers, run), path, j.stamp)
    write_table(std_groups(answers), j.output.groups, j.stamp)
