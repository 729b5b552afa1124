"""Study sdxl: images of a Stable Diffusion XL checkpoint by every sampler."""

from pathlib import Path

from lemmata.config import build
from lemmata.diffusion.sdxl import Sampling, sample_sdxl
from lemmata.diffusion.studies.sdxl import study
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table

with job(snakemake, TRAINED) as j:
    (index,) = (path for path in j.input.checkpoint if Path(path).name == "model_index.json")
    sampling = build(Sampling, j.cfg)
    result = study(sample_sdxl(Path(index).parent, sampling, j.threads))
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
