"""Products of positional vectors fitted to relations of positions, and how far they reach."""

from lemmata.config import build
from lemmata.length_generalization.positional_product import Settings, train_products
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table
from lemmata.training.checkpoint import Checkpoints

with job(snakemake, TRAINED) as j:
    table = train_products(
        build(Settings, j.cfg),
        threads=j.threads,
        checkpoints=Checkpoints(j.checkpoints),
        segments=j.segments,
        stop_after_s=j.stop_after_s(),
    )
    write_table(table, j.output.table, j.stamp)
