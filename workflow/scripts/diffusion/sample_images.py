"""Guided images of one seed by every sampler, measured against real ones."""

from lemmata.diffusion.image_measures import reference
from lemmata.diffusion.images import held_out, training_examples
from lemmata.diffusion.judged import judged
from lemmata.diffusion.sampling_images import Pair, sample_images
from lemmata.diffusion.trained import guidances
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    networks, seeds = j.cfg["networks"], j.cfg["seeds"]
    both = guidances(networks, seeds, j.input.models, threads=j.threads, gpus=j.gpus)
    images = read_table(j.input.table)
    compared = reference(training_examples(images), held_out(images))
    found = sample_images(Pair(*both, *seeds), compared, **j.cfg["sampling"])
    write_table(found.measures, j.output.measures, j.stamp)
    write_table(found.paths, j.output.paths, j.stamp)
    write_table(found.samples, j.output.samples, j.stamp)
    write_table(found.shown, j.output.shown, j.stamp)
    for path, case in zip(j.output.predictions, j.cfg["judged"], strict=True):
        write_table(judged(found.samples, **case), path, j.stamp)
