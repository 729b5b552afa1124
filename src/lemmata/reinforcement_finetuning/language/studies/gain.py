"""The STD of an input's reward before finetuning against what finetuning gains on it (Table 1)."""

from __future__ import annotations

import pandas as pd

from lemmata.reinforcement_finetuning.language.studies.summaries import (
    correlations,
    gains,
    over_seeds,
)
from lemmata.stats import Study, evidence_table


def study(answers: pd.DataFrame) -> Study:
    """Table: as `summaries.gains` makes it, with each seed's Pearson correlation.

    Evidence: Pearson's and Spearman's correlation of every run, and how far REINFORCE's Pearson
    correlation is above that of SFT, over seeds.
    """
    table = gains(answers)
    pearson, spearman = (correlations(table, name) for name in ("pearson", "spearman"))
    evidence = {f"pearson_{run}": pearson[run] for run in pearson}
    evidence |= {f"spearman_{run}": spearman[run] for run in spearman}
    evidence["pearson_reinforce_less_sft"] = pearson["reinforce"] - pearson["sft"]
    own = pd.Series(pearson.stack(), name="pearson")
    return Study(table.join(own, on=["seed", "run"]), evidence_table(over_seeds(evidence)))
