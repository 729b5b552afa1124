"""The STD of an input's reward before finetuning against what finetuning gains on it (Table 1)."""

from __future__ import annotations

from typing import Final

import pandas as pd

from lemmata.reinforcement_finetuning.language.studies.summaries import (
    correlations,
    extremes,
    gains,
    over_seeds,
)
from lemmata.stats import Study, evidence_table

CLAIMED: Final = ("pearson_reinforce", "pearson_reinforce_less_sft")


def study(answers: pd.DataFrame) -> Study:
    """Table: as `summaries.gains` makes it, with each seed's Pearson correlation.

    Evidence: Pearson's and Spearman's correlation of every run, and how far REINFORCE's Pearson
    correlation is above that of SFT, over seeds; the least over seeds of what is claimed.
    """
    table = gains(answers)
    pearson, spearman = (correlations(table, name) for name in ("pearson", "spearman"))
    evidence = {f"pearson_{run}": pearson[run] for run in pearson}
    evidence |= {f"spearman_{run}": spearman[run] for run in spearman}
    evidence["pearson_reinforce_less_sft"] = pearson["reinforce"] - pearson["sft"]
    worst = {f"min_{name}": evidence[name] for name in CLAIMED}
    own = pd.Series(pearson.stack(), name="pearson")
    return Study(
        table.join(own, on=["seed", "run"]), evidence_table(over_seeds(evidence) | extremes(worst))
    )
