"""Study mixtures: data sets with more and more inputs of low STD."""

import pandas as pd

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.language.studies.mixtures import study
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    found = pd.concat([read_table(path) for path in j.input.tables], ignore_index=True)
    result = study(found, j.cfg["methods"], j.cfg["low_shares"])
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
