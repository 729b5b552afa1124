"""Which groups each row of a data set is in: published ones, then those of config/groups.yaml."""

from lemmata.data.groups import group_flags
from lemmata.provenance.job import job
from lemmata.tables import read_table, write_table

with job(snakemake) as j:
    flags = group_flags(j.cfg["dataset"], read_table(j.input.table), j.cfg["groups"])
    write_table(flags, j.output.groups, j.stamp)
