"""Study bin_sensitivity on the predictions of all models: its table and its evidence."""

from lemmata.calibration.studies.bin_sensitivity import Settings, study
from lemmata.calibration.studies.result import read_samples
from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    samples = read_samples(j.cfg["samples"], j.input.predictions)
    result = study(build(Settings, j.cfg["settings"]), samples)
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
