"""Reward against updates for inputs whose STD was low and for the others (as in Figure 3)."""

from __future__ import annotations

import pandas as pd

from lemmata.reinforcement_finetuning.language.studies.summaries import (
    final,
    mean_over,
    over_seeds,
)
from lemmata.stats import Study, evidence_table


def study(history: pd.DataFrame) -> Study:
    """Table: seed, run, stage, step, low, reward, std. Evidence: last rewards, over seeds."""
    table = mean_over(history, ["seed", "run", "stage", "step", "low"])
    ends = mean_over(final(history), ["seed", "run", "low"])
    evidence = {
        f"final_{'low' if low else 'high'}_{run}": part["reward"]
        for (run, low), part in ends.groupby(["run", "low"])
    }
    return Study(table, evidence_table(over_seeds(evidence)))
