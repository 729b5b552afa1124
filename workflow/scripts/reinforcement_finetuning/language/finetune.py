"""Every run of one plan from one pretrained model: answers before and after, and histories."""

import pandas as pd

from lemmata.config import build
from lemmata.provenance.job import TRAINED, job
from lemmata.reinforcement_finetuning.language.pretraining import Settings, new_model, task_of
from lemmata.reinforcement_finetuning.language.runs import Plan, run_plan
from lemmata.tables import read_table, write_table
from lemmata.training.weights import load_weights

with job(snakemake, TRAINED) as j:
    settings = build(Settings, j.cfg["pretraining"], "pretraining")
    texts: pd.DataFrame | None = None if settings.text is None else read_table(j.input.table)
    task = task_of(settings, texts)
    model = new_model(settings, task)
    load_weights(model, j.input.model)
    outcome = run_plan(
        model,
        task.questions,
        build(Plan, j.cfg["plan"], "plan"),
        threads=j.threads,
        folder=j.checkpoints,
        segments=j.segments,
        stop_after_s=j.stop_after_s(),
        gpus=j.gpus,
    )
    write_table(outcome.answers, j.output.answers, j.stamp)
    write_table(outcome.history, j.output.history, j.stamp)
