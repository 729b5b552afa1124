"""How calibrated decoders are on strings longer than those they were trained on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from lemmata.length_generalization.strings import BINS
from lemmata.length_generalization.tasks.table import TASKS
from lemmata.stats import Study, evidence_table, mean_interval
from lemmata.tables import read_table

UNTOUCHED: Final = "erm"


def study(models: Iterable[str], paths: Iterable[str]) -> Study:
    """Table: task, title, model, seed, bin, n, smooth_ece, mean_y, mean_p, without post-processing.

    models: of the tables of measures by group. Evidence: the mean growth of SmoothECE from trained
    lengths to those in (1.5 L, 2 L] over the tasks, each the mean of its seeds, which are alike.
    """
    parts = [
        read_table(path).assign(positions=model) for model, path in zip(models, paths, strict=True)
    ]
    whole = pd.concat(parts, ignore_index=True)
    whole = whole[whole["post_processor"] == UNTOUCHED]
    whole = whole.rename(columns={"model": "task", "positions": "model"})
    whole["bin"] = whole["group"].str.removeprefix("g_")
    table = whole[whole["bin"].isin(BINS)].reset_index(drop=True)
    table["title"] = [TASKS[task].title for task in table["task"]]
    wide = table.pivot_table(index=["model", "task", "seed"], columns="bin", values="smooth_ece")
    growth = (wide[BINS[2]] - wide[BINS[0]]).groupby(["model", "task"], sort=False).mean()
    evidence = {
        f"growth_of_smooth_ece_{model}": mean_interval(part.to_numpy())
        for model, part in growth.groupby("model", sort=False)
    }
    return Study(table, evidence_table(evidence))
