"""Study trainings: one law trained in the tutorial's ways."""

import torch

from lemmata.diffusion.sampling_bumps import sample_bumps
from lemmata.diffusion.studies.trainings import study
from lemmata.diffusion.trained import sample_all
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    torch.set_num_threads(j.threads)
    result = study(sample_all(sample_bumps, **j.cfg, paths=j.input.models))
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
