"""Prepared table of a data set: labels, features, groups and the split of each row."""

from pathlib import Path

from lemmata.data.prepare import prepare
from lemmata.provenance.job import job
from lemmata.tables import write_table

with job(snakemake) as j:
    raw = {Path(path).name: Path(path) for path in getattr(j.input, "raw", ())}
    table = prepare(j.cfg["dataset"], raw, j.cfg.get("split"), j.cfg.get("synthetic"))
    write_table(table, j.output.table, j.stamp)
