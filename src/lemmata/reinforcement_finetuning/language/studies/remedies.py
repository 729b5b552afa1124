"""Larger rates, temperature, entropy bonuses, shaped rewards: what helps inputs of no STD."""

from __future__ import annotations

from typing import Final

import pandas as pd

from lemmata.reinforcement_finetuning.language.studies.summaries import final, mean_over
from lemmata.stats import Interval, Study, evidence_table, exact

PLAIN: Final = "plain"
KINDS: Final = ("rate", "temperature", "entropy", "shaped")
"""What a remedy's name begins with."""
UNSEEN: Final = "w = 0"
"""Kind of the questions whose answers pretraining never showed."""


def study(history: pd.DataFrame) -> Study:
    """Table: seed, run, unseen and overall: last rewards of the questions without STD and of all.

    Evidence, each the largest over seeds: the reward of the former, and the overall reward above
    that of plain REINFORCE, for every kind of remedy and for rates and entropy bonuses together.
    """
    ends = final(history)
    unseen = mean_over(ends[ends["kind"] == UNSEEN], ["seed", "run"])
    overall = mean_over(ends, ["seed", "run"])
    table = overall[["seed", "run"]].assign(
        unseen=unseen["reward"].to_numpy(), overall=overall["reward"].to_numpy()
    )
    plain = table[table["run"] == PLAIN].set_index("seed")["overall"]
    table["above_plain"] = table["overall"] - table["seed"].map(plain)
    evidence: dict[str, Interval] = {}
    for name, kinds in {**{k: (k,) for k in KINDS}, "rate_or_entropy": ("rate", "entropy")}.items():
        part = table[table["run"].str.startswith(kinds)]
        if len(part):
            evidence[f"max_unseen_{name}"] = exact(part["unseen"].max(), len(part))
            evidence[f"max_above_plain_{name}"] = exact(part["above_plain"].max(), len(part))
            evidence[f"min_unseen_{name}"] = exact(part["unseen"].min(), len(part))
    return Study(table, evidence_table(evidence))
