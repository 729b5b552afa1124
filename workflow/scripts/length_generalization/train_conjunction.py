"""A decoder trained on AND of bits, some always 1; what it does where they are not."""

from lemmata.config import build
from lemmata.length_generalization.conjunction import Settings, train_conjunction
from lemmata.provenance.job import TRAINED, job
from lemmata.tables import write_table
from lemmata.training.checkpoint import Checkpoints

with job(snakemake, TRAINED) as j:
    table = train_conjunction(
        build(Settings, j.cfg),
        threads=j.threads,
        checkpoints=Checkpoints(j.checkpoints),
        segments=j.segments,
        stop_after_s=j.stop_after_s(),
    )
    write_table(table, j.output.table, j.stamp)
