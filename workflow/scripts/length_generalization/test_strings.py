"""Bin and split of every test string of some tasks."""

import pandas as pd

from lemmata.length_generalization.strings import bin_flags, rows_frame
from lemmata.length_generalization.tasks.table import task_named
from lemmata.provenance.job import job
from lemmata.tables import write_table

with job(snakemake) as j:
    tables = [rows_frame(task_named(name), **settings) for name, settings in j.cfg.items()]
    flags = bin_flags(pd.concat(tables, ignore_index=True))
    write_table(flags, j.output.groups, j.stamp)
