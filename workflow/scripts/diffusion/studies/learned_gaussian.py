"""Study learned_gaussian: learned scores against closed forms."""

import torch

from lemmata.diffusion.sampling_gaussian import sample_gaussian
from lemmata.diffusion.studies.learned_gaussian import study
from lemmata.diffusion.trained import sample_all
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    torch.set_num_threads(j.threads)
    result = study(sample_all(sample_gaussian, **j.cfg, paths=j.input.models))
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
