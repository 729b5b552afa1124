"""Does finetuning make policies over-confident? Confidence against correctness, by group."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from lemmata.reinforcement_finetuning.controlled.groups import GROUPS, PRETRAINED
from lemmata.reinforcement_finetuning.controlled.judged import HELD_OUT
from lemmata.stats import Interval, Study, evidence_table, mean_interval
from lemmata.tables import read_table

UNTOUCHED: Final = "erm"
EVERYONE: Final = "all"
RFT, SFT = "rft", "sft"


def study(path: str) -> Study:
    """Table: inputs (tuned, held_out), model, seed, group, n, mean_p, mean_y, smooth_ece, gap.

    path: measures by group of all policies, from the stage that all predictions go through; gap:
    mean confidence less the share of right answers. Evidence over seeds: gap of each policy, and
    how much RFT's is above SFT's and the pretrained policy's.
    """
    whole = read_table(path)
    held_out = whole["model"].str.endswith(HELD_OUT)
    whole["inputs"] = np.where(held_out, "held_out", "tuned")
    whole["model"] = whole["model"].str.removesuffix(HELD_OUT)
    chosen = (whole["post_processor"] == UNTOUCHED) & whole["group"].isin([EVERYONE, *GROUPS])
    columns = ["inputs", "model", "seed", "group", "n", "mean_p", "mean_y", "smooth_ece"]
    table = whole.loc[chosen, columns].reset_index(drop=True)
    table["gap"] = table["mean_p"] - table["mean_y"]
    return Study(table, evidence_table(_evidence(table)))


def _evidence(table: pd.DataFrame) -> dict[str, Interval]:
    found = {}
    for kind, part in table[table["group"] == EVERYONE].groupby("inputs"):
        gap = part.pivot_table(index="seed", columns="model", values="gap")
        for model in gap.columns:
            found[f"overconfidence_{model}_{kind}"] = mean_interval(gap[model])
        for other in (SFT, PRETRAINED):
            found[f"overconfidence_rft_over_{other}_{kind}"] = mean_interval(gap[RFT] - gap[other])
    return found
