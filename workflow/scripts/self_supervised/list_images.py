"""Every image of a folder with subfolders of classes."""

from pathlib import Path

from lemmata.provenance.job import job
from lemmata.self_supervised.image_folder import list_folder
from lemmata.tables import write_table

with job(snakemake) as j:
    split = dict(j.cfg["split"])
    seed = split.pop("seed")
    write_table(list_folder(Path(j.cfg["path"]), split, seed), j.output.listing, j.stamp)
