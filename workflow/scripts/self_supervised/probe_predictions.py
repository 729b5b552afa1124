"""The common table of predictions of each method's probe, all seeds."""

import pandas as pd

from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    every = pd.concat([read_table(path) for path in j.input.predictions], ignore_index=True)
    for method, path in zip(j.cfg["methods"], j.output.tables, strict=True):
        own = every[every["method"] == method].drop(columns="method")
        write_table(own.sort_values(["seed", "row"], ignore_index=True), path, j.stamp)
