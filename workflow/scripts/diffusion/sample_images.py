"""Guided images of one seed by every sampler, measured against real ones."""

import torch

from lemmata.diffusion.images import held_out, training_examples
from lemmata.diffusion.judged import judged
from lemmata.diffusion.sampling_images import sample_images
from lemmata.diffusion.trained import trained_networks
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    torch.set_num_threads(j.threads)
    ((model, settings),) = trained_networks(j.cfg["networks"], j.cfg["seeds"], [j.input.model])
    images = read_table(j.input.table)
    known, real = training_examples(images), held_out(images)
    found = sample_images(model, settings, known, real, **j.cfg["sampling"])
    write_table(found.measures, j.output.measures, j.stamp)
    write_table(found.paths, j.output.paths, j.stamp)
    write_table(found.samples, j.output.samples, j.stamp)
    for path, case in zip(j.output.predictions, j.cfg["judged"], strict=True):
        write_table(judged(found.samples, **case), path, j.stamp)
