"""Study gain: what finetuning gains against the STD before it."""

import pandas as pd

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.language.studies.gain import study
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    found = pd.concat([read_table(path) for path in j.input.tables], ignore_index=True)
    result = study(found)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
