"""Groups of generated images by how much ink there is on them."""

import pandas as pd

from lemmata.diffusion.judged import ink_groups
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    samples = pd.concat([read_table(path) for path in j.input.samples], ignore_index=True)
    write_table(ink_groups(samples), j.output.groups, j.stamp)
