"""Whether finetuned policies are as sure of their answers as they are right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from lemmata.reinforcement_finetuning.language.exact_match import PRETRAINED
from lemmata.reinforcement_finetuning.language.studies.summaries import over_seeds
from lemmata.stats import Study, evidence_table
from lemmata.tables import read_table

UNTOUCHED: Final = "erm"
GROUPS: Final = ("low_std", "high_std")


def study(tasks: Iterable[str], paths: Iterable[str]) -> Study:
    """Table: task, run, seed, low, n, smooth_ece, mean_p, mean_y, excess = mean_p - mean_y.

    tasks: of the tables of measures by group, as the shared stage makes them; without
    post-processing. Evidence: by task, run and group the change of the excess from the pretrained
    model, over seeds.
    """
    parts = [read_table(path).assign(task=task) for task, path in zip(tasks, paths, strict=True)]
    whole = pd.concat(parts, ignore_index=True)
    whole = whole[(whole["post_processor"] == UNTOUCHED) & whole["group"].isin(GROUPS)]
    table = whole.rename(columns={"model": "run"}).assign(
        low=whole["group"] == "low_std", excess=whole["mean_p"] - whole["mean_y"]
    )
    keys = ["task", "run", "seed", "low"]
    table = table[[*keys, "n", "smooth_ece", "mean_p", "mean_y", "excess"]].reset_index(drop=True)
    before = table[table["run"] == PRETRAINED].set_index(["task", "seed", "low"])["excess"]
    change = table.join(before.rename("before"), on=["task", "seed", "low"])
    change = change.assign(change=change["excess"] - change["before"])
    evidence = {
        f"excess_{task}_{'low' if low else 'high'}_{run}": part["change"]
        for (task, run, low), part in change.groupby(["task", "run", "low"])
        if run != PRETRAINED
    }
    return Study(table, evidence_table(over_seeds(evidence)))
