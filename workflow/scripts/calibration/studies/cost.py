"""Study cost on populations with known calibration: its table and its evidence."""

from lemmata.calibration.studies.cost import Settings, study
from lemmata.config import build
from lemmata.provenance.job import job
from lemmata.tables import write_table

with job(snakemake, {"machine": "wall-clock seconds"}) as j:
    result = study(build(Settings, j.cfg["settings"]))
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
