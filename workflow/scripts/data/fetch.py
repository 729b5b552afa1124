"""One raw file of a data set, verified and read-only, in its place under resources/."""

from lemmata.data.fetch import fetch
from lemmata.data.raw import RawFile
from lemmata.provenance.job import job

with job(snakemake) as j:
    fetch(RawFile(**j.cfg), j.output.file, mirror=j.resources.get("mirror") or None)
