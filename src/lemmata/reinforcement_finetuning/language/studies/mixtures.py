"""Data sets with more and more inputs of low STD: reward of RFT less that of SFT (Figure 2)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from scipy import stats

from lemmata.reinforcement_finetuning.language.studies.summaries import (
    extremes,
    final,
    mean_over,
    over_seeds,
)
from lemmata.stats import Study, evidence_table


def study(history: pd.DataFrame, methods: Mapping[str, str], low: Mapping[str, float]) -> Study:
    """Table: seed, low_share, reinforce, sft, difference: last rewards on the data set itself.

    methods: of every run; low: the share of its data set that had a low STD, which weights the
    two parts of the questions. Evidence: Spearman's correlation of share and difference, over
    seeds (the largest too), and the difference at the least and the largest share.
    """
    ends = mean_over(final(history), ["seed", "run", "low"])
    wide = ends.pivot_table(index=["seed", "run"], columns="low", values="reward").reset_index()
    share = wide["run"].map(low)
    own = pd.DataFrame(
        {
            "seed": wide["seed"],
            "method": wide["run"].map(methods),
            "low_share": share,
            "reward": share * wide[True] + (1.0 - share) * wide[False],
        }
    )
    table = own.pivot_table(index=["seed", "low_share"], columns="method", values="reward")
    table = table.reset_index().rename_axis(columns=None)
    table["difference"] = table["reinforce"] - table["sft"]
    ranks = {
        seed: float(stats.spearmanr(part["low_share"], part["difference"]).statistic)
        for seed, part in table.groupby("seed")
    }
    evidence = {"spearman": pd.Series(ranks)}
    worst = {"max_spearman": evidence["spearman"]}
    shares = table["low_share"]
    for name, chosen in {"least": shares.min(), "most": shares.max()}.items():
        evidence[f"difference_at_{name}"] = table.loc[shares == chosen, "difference"]
    return Study(table, evidence_table(over_seeds(evidence) | extremes(worst)))
