"""Study sandwich of the bounds between measures: its table and its evidence."""

from lemmata.calibration.studies.sandwich import Settings, study
from lemmata.config import build
from lemmata.provenance.job import job
from lemmata.tables import write_table

with job(snakemake) as j:
    result = study(build(Settings, j.cfg["settings"]))
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
