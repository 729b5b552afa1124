"""Study invariants: what HKRR and HJZ owe by definition, on fits of the population."""

from lemmata.calibration.multicalibration.post_processors import settings_of
from lemmata.calibration.multicalibration.studies.invariants import study
from lemmata.provenance.job import job
from lemmata.tables import read_predictions, read_table, write_table

with job(snakemake) as j:
    result = study(
        read_predictions(j.input.predictions),
        read_table(j.input.groups),
        settings_of(j.cfg["post_processors"]),
        j.cfg["size"],
    )
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
