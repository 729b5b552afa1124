"""Study checkpoints: both bounds on the policies of the controlled experiments."""

import torch

from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.controlled.runs import read_back
from lemmata.reinforcement_finetuning.controlled.studies.checkpoints import study
from lemmata.tables import read_table, write_table

with job(snakemake, TRAINED) as j:
    torch.set_num_threads(j.threads)
    own = {key: j.cfg[key] for key in ("policies", "variants", "variant")}
    runs = read_back(**own, table=read_table(j.input.table), paths=list(j.input.models))
    result = study(runs, j.cfg["each"])
    write_table(result.table, j.output.table, j.stamp)
    write_table(result.evidence, j.output.evidence, j.stamp)
